using System.Text.Json.Nodes;
using InverseScope.Core.Information;
using InverseScope.Core.Proposals;

namespace InverseScope.Agent.Proposals;

/// <summary>What is on the board, as JSON for a prompt.</summary>
internal static class BoardJson
{
    // Beyond that an activation hardly tells of a token.
    private const double BitsShown = 0.5;
    private const int TriedShown = 12;

    public static JsonObject Task(TaskBrief task) => new()
    {
        ["name"] = task.Name,
        ["description"] = task.Description,
        ["lexicons"] = new JsonArray([.. task.Lexicons.Select(l => new JsonObject
        {
            ["name"] = l.Name,
            ["words"] = l.Count,
            ["some"] = Texts(l.Some),
        })]),
        ["variables"] = Texts(task.Variables),
    };

    public static JsonArray References(IReadOnlyList<ShownReference> references) => new([.. references.Select(Reference)]);

    public static JsonObject Reference(ShownReference reference)
    {
        var shown = new JsonObject { ["reference"] = reference.Text, ["near"] = Texts(reference.Near), ["far"] = Texts(reference.Far) };
        if (reference.Tokens?.Where(t => t.Bits >= BitsShown && t.Token.Length > 0).ToArray() is { Length: > 0 } tokens)
        {
            shown["tokens"] = Tokens(tokens);
        }

        return shown;
    }

    public static JsonArray Tokens(IEnumerable<TokenBits> tokens) => new([.. tokens.Select(t => new JsonObject
    {
        ["token"] = t.Token,
        ["character"] = t.Start,
        ["bits"] = Math.Round(t.Bits, 1),
    })]);

    /// <summary>What was tried, best first.</summary>
    public static JsonArray Tried(IEnumerable<SpecPool.Entry> entries) => new(
        [.. entries.OrderByDescending(e => e.IsFit).ThenByDescending(e => e.Score.Bits ?? 0).Take(TriedShown).Select(e =>
        {
            var spec = (JsonObject)JsonNode.Parse(e.Spec)!;
            foreach (var key in new[] { "schema", "id", "hypothesis", "tests" })
                spec.Remove(key);
            return new JsonObject { ["spec"] = spec, ["score"] = Score(e.Score) };
        })]);

    public static JsonObject Score(ExploreScore score)
    {
        var shown = new JsonObject
        {
            ["kappa"] = Rounded(score.Kappa),
            ["bits"] = Rounded(score.Bits),
            ["rate"] = Rounded(score.Fcr),
            ["chance"] = Rounded(score.Chance),
            ["references"] = score.References,
        };
        if ((score.Unfit ?? (score.SameAs is { } same ? $"divides the texts as '{same}' does" : null)) is { } unfit)
            shown["unfit"] = unfit;
        if (score.Mismatches.Count > 0)
        {
            shown["mismatches"] = new JsonArray([.. score.Mismatches.Select(m => new JsonObject
            {
                ["reference"] = m.Reference,
                ["label"] = m.Label,
                ["near"] = m.Sample,
                ["near_label"] = m.SampleLabel,
            })]);
        }

        return shown;
    }

    private static JsonNode? Rounded(double? value) => value is { } v ? Math.Round(v, 2) : null;

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(t => JsonValue.Create(t))]);
}
