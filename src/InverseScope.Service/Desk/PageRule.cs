using InverseScope.Core;

namespace InverseScope.Service.Desk;

/// <summary>Pages of long lists, counted from 1.</summary>
internal static class PageRule
{
    /// <summary>Items on a page, at most.</summary>
    public const int MostItems = 500;

    /// <summary>Number of the last page that there can be.</summary>
    public const int LastPage = 1_000_000;

    /// <exception cref="BadInputException">There can be no such page.</exception>
    public static void Check(int page, int size)
    {
        if (page is < 1 or > LastPage)
            throw new BadInputException($"page must be from 1 to {LastPage}, found {page}.");
        if (size is < 1 or > MostItems)
            throw new BadInputException($"size must be from 1 to {MostItems}, found {size}.");
    }

    /// <summary>How many items come before a page.</summary>
    public static long Before(int page, int size) => (page - 1L) * size;

    /// <summary>The page asked for, or the last one that has items, where that comes before it; 1 where none has.</summary>
    public static int Within(int page, long total, int size) => (int)Math.Min(page, Math.Max(1, (total + size - 1) / size));

    /// <summary>The items of a page; none beyond the last.</summary>
    public static IReadOnlyList<T> Of<T>(IReadOnlyList<T> all, int page, int size)
    {
        var before = Before(page, size);
        return before >= all.Count ? [] : [.. all.Skip((int)before).Take(size)];
    }
}
