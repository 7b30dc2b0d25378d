using System.Text.Json.Nodes;

namespace InverseScope.Testing;

/// <summary>Questions for labels, read as a model would: by their JSON; and answers to them.</summary>
public static class LabelPrompt
{
    private const string BeforeTexts = "The texts, each with its id:";

    public static bool IsLabelling(FakeOllamaRequest request) => request.Messages[^1].Text.Contains("\n" + BeforeTexts, StringComparison.Ordinal);

    public static IReadOnlyList<(int Id, string Text)> TextsIn(FakeOllamaRequest request)
    {
        var lines = request.Messages.Last(m => m.Role == "user" && m.Text.Contains(BeforeTexts, StringComparison.Ordinal)).Text.Split('\n');
        return [.. JsonNode.Parse(lines[Array.IndexOf(lines, BeforeTexts) + 2])!.AsArray()
            .Select(t => (t!["id"]!.GetValue<int>(), t["text"]!.GetValue<string>()))];
    }

    public static string Answer(IEnumerable<(int Id, string Label)> answers) => new JsonObject
    {
        ["answers"] = new JsonArray([.. answers.Select(a => (JsonNode)new JsonObject { ["id"] = a.Id, ["label"] = a.Label })]),
    }.ToJsonString();
}
