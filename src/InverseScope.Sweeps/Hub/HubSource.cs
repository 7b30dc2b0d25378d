using System.Net.Http.Headers;

namespace InverseScope.Sweeps.Hub;

/// <summary>Where the bytes of files come from.</summary>
/// <param name="What">Whose files they are, for messages.</param>
/// <param name="Who">Declares sizes and hashes, for messages.</param>
/// <param name="Retry">Repeats what fails in passing.</param>
/// <param name="OpenAsync">
/// Asks once for the bytes of a file from one on, with the ETag of the earlier answer that this one goes on with, or null; gives an answer
/// with status 200, 206 or 416.
/// </param>
internal sealed record HubSource(
    string What, string Who, HubRetry Retry, Func<HubFile, long, EntityTagHeaderValue?, CancellationToken, Task<HubResponse>> OpenAsync);
