namespace InverseScope.Service.Pages;

/// <summary>Where a hypothesis stands in the list that it was opened from.</summary>
/// <param name="Query">Of the list, from <c>?</c> on; empty for all in their own order.</param>
/// <param name="Place">From 1; 0 where the list does not hold it any more.</param>
public sealed record HypothesisAround(string Query, bool IsQueue, int Place, int Total, string? Previous, string? Next);
