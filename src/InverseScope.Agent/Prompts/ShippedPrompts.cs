using System.Collections.Concurrent;
using InverseScope.Core;

namespace InverseScope.Agent.Prompts;

/// <summary>The prompts of the folder <c>prompts</c>, which are part of the program.</summary>
public static class ShippedPrompts
{
    private const string Folder = "Prompts/";
    private const string Extension = ".md";

    /// <summary>In alphabetical order.</summary>
    public static IReadOnlyList<string> Ids { get; } =
    [
        .. typeof(ShippedPrompts).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal) && name.EndsWith(Extension, StringComparison.Ordinal))
            .Select(name => name[Folder.Length..^Extension.Length])
            .Order(StringComparer.Ordinal),
    ];

    private static readonly ConcurrentDictionary<string, PromptFile> Known = new(StringComparer.Ordinal);

    /// <summary>The prompt of an id.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public static PromptFile Find(string id) => Known.GetOrAdd(id, static name =>
    {
        using var resource = typeof(ShippedPrompts).Assembly.GetManifestResourceStream(Folder + name + Extension)
            ?? throw new BadInputException($"There is no prompt '{name}'.{NearestName.Hint(name, Ids)}", $"Prompts: {string.Join(", ", Ids)}.");
        using var reader = new StreamReader(resource);
        return PromptFile.Parse($"prompts/{name}{Extension}", reader.ReadToEnd());
    });
}
