namespace InverseScope.Sweeps.Hub;

/// <summary>One file of a repository at one commit.</summary>
/// <param name="Name">Of a file at the top of the repository; safe as the name of one in a folder.</param>
/// <param name="Size">Bytes, from 0.</param>
internal sealed record HubFile(string Name, long Size, HubHash Hash);

/// <summary>A repository at one commit.</summary>
/// <param name="Commit">40 hexadecimal digits.</param>
/// <param name="Files">Paths of all its files.</param>
internal sealed record HubListing(string Commit, IReadOnlySet<string> Files);
