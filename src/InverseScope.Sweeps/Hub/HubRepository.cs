using System.Text.RegularExpressions;
using InverseScope.Core;

namespace InverseScope.Sweeps.Hub;

/// <summary>A model repository of the hub: <c>owner/name</c>, or a bare name for those that are older than owners.</summary>
public sealed partial record HubRepository
{
    /// <param name="id">As on the hub.</param>
    /// <exception cref="BadInputException">It is none.</exception>
    public HubRepository(string id) => Id = Written().IsMatch(id) && !id.Contains("..", StringComparison.Ordinal)
        ? id
        : throw new BadInputException(
            $"'{HubText.Shown(id)}' does not name a model of the hub.", "Write OWNER/NAME, e.g. openai-community/gpt2.");

    public string Id { get; }

    /// <summary>Without the owner: what the model is called unless it is given another name.</summary>
    public string Name => Id[(Id.IndexOf('/', StringComparison.Ordinal) + 1)..];

    /// <summary>As one part of a path.</summary>
    internal string FolderName => Id.Replace("/", "--", StringComparison.Ordinal);

    public override string ToString() => Id;

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,95})?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Written();
}
