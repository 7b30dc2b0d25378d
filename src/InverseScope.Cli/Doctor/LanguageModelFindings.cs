using System.Globalization;
using InverseScope.Agent.Chat;

namespace InverseScope.Cli.Doctor;

/// <summary>Whether a language model is there that could propose and label. Nothing needs one.</summary>
internal static class LanguageModelFindings
{
    private const string Part = "language model";
    private const int ModelsNamed = 10;

    /// <param name="name">The model that is to be asked; null only looks which are there.</param>
    /// <param name="ollama">Where Ollama is; null where it is by default.</param>
    public static IEnumerable<Finding> All(string? name, Uri? ollama, Shell shell) =>
        name is null ? [Listed(ollama, shell)] : Asked(new ChatOptions { Model = name, Address = ollama }, shell);

    private static Finding[] Asked(ChatOptions options, Shell shell)
    {
        using var opening = ChatOpening.OpenAsync(options, shell.Variable, shell.Clock, shell.Cancel).GetAwaiter().GetResult();
        return [.. opening.Report.Findings.Select(f => new Finding(
            $"{Part}: {f.Name}",
            f.State switch
            {
                PreflightState.Good => FindingState.Ok,
                PreflightState.Doubtful => FindingState.Note,
                _ => FindingState.Fault,
            },
            f.What,
            f.Cure))];
    }

    private static Finding Listed(Uri? ollama, Shell shell)
    {
        var options = new ChatOptions { Address = ollama };
        var (models, problem) = OllamaModels.ListAsync(options, shell.Clock, shell.Cancel).GetAwaiter().GetResult();
        if (models is null)
        {
            // Whoever gives an address wants what is there.
            return ollama is null
                ? Finding.Note(Part, "none at Ollama's address; the symbolic search and hand-written specs need none")
                : Finding.Fault(Part, problem!, "Start Ollama (ollama serve), or give the address where it listens.");
        }

        var names = string.Join(", ", models.Take(ModelsNamed)) + (models.Count > ModelsNamed ? ", …" : "");
        return models.Count == 0
            ? Finding.Note(Part, "Ollama answers, and has no model", "Fetch one with 'ollama pull NAME'.")
            : Finding.Note(
                Part, string.Create(CultureInfo.InvariantCulture, $"Ollama has {models.Count}: {names}"), $"Find out what one can do with '{CommandLine.Name} doctor --language-model {models[0]}'.");
    }
}
