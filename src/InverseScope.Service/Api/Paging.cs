using InverseScope.Core;
using InverseScope.Service.Desk;

namespace InverseScope.Service.Api;

/// <summary>A part of a list.</summary>
/// <param name="Total">Entries over all pages.</param>
/// <param name="Page">From 1.</param>
/// <param name="Size">Entries on a page.</param>
internal sealed record PageOf<T>(IReadOnlyList<T> Items, long Total, int Page, int Size);

/// <summary>Which part of a list is asked for.</summary>
internal readonly record struct Paging(int Page, int Size)
{
    private const int DefaultSize = 50;

    /// <exception cref="BadInputException">There can be no such page.</exception>
    public static Paging Of(int? page, int? size)
    {
        var asked = new Paging(page ?? 1, size ?? DefaultSize);
        PageRule.Check(asked.Page, asked.Size);
        return asked;
    }

    public PageOf<T> Of<T>(IReadOnlyList<T> all) => new(PageRule.Of(all, Page, Size), all.Count, Page, Size);
}
