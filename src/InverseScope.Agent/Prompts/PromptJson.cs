using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InverseScope.Agent.Prompts;

/// <summary>Data as JSON that a language model reads: letters of all scripts as they are, and nothing that it could take for more than text.</summary>
internal static class PromptJson
{
    // Escapes quotes, backslashes, control characters and halves of surrogate pairs; what is left is done below.
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of(JsonNode? value)
    {
        var json = value is null ? "null" : value.ToJsonString(Options);
        var safe = new StringBuilder(json.Length);
        var quoted = false;
        for (var i = 0; i < json.Length; i++)
        {
            var c = json[i];
            if (quoted && c == '\\')
            {
                safe.Append(c).Append(json[++i]);
                continue;
            }

            quoted ^= c == '"';
            if (quoted && IsTokenStart(json, i))
                safe.Append(Escape(c));
            else if (c is '\u2028' or '\u2029')
                safe.Append(c == '\u2028' ? "\\u2028" : "\\u2029");
            else
                safe.Append(c);
        }

        return safe.ToString();
    }

    /// <summary>A text that is not sent as JSON, such as one that a model wrote: nothing in it is a special token.</summary>
    public static string Plain(string text) =>
        string.Concat(text.Select((c, i) => IsTokenStart(text, i) ? Escape(c) : c.ToString()));

    // Servers read <|im_end|>, </s> and [INST] in the middle of a message as what ends it.
    private static bool IsTokenStart(string text, int i) =>
        text[i] == '<' || (text[i] == '[' && i + 1 < text.Length && (char.IsAsciiLetterUpper(text[i + 1]) || text[i + 1] == '/'));

    private static string Escape(char c) => c == '<' ? "\\u003C" : "\\u005B";
}
