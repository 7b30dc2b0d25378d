using InverseScope.Core;

namespace InverseScope.Service.Api;

/// <summary>A part of a list.</summary>
/// <param name="Total">Entries over all pages.</param>
/// <param name="Page">From 1.</param>
/// <param name="Size">Entries on a page.</param>
internal sealed record PageOf<T>(IReadOnlyList<T> Items, long Total, int Page, int Size);

/// <summary>Which part of a list is asked for.</summary>
internal readonly record struct Paging(int Page, int Size)
{
    public const int LargestSize = 500;

    private const int DefaultSize = 50;
    private const int LastPage = 1_000_000;

    public int Skip => (Page - 1) * Size;

    /// <exception cref="BadInputException">There can be no such page.</exception>
    public static Paging Of(int? page, int? size)
    {
        var asked = new Paging(page ?? 1, size ?? DefaultSize);
        if (asked.Page is < 1 or > LastPage)
            throw new BadInputException($"page must be from 1 to {LastPage}, found {asked.Page}.");
        if (asked.Size is < 1 or > LargestSize)
            throw new BadInputException($"size must be from 1 to {LargestSize}, found {asked.Size}.");
        return asked;
    }

    public PageOf<T> Of<T>(IReadOnlyCollection<T> all) => new([.. all.Skip(Skip).Take(Size)], all.Count, Page, Size);
}
