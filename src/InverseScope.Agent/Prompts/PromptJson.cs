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
            // Servers read <|im_end|>, </s> and [INST] in the middle of a message as what ends it.
            if (quoted && (c == '<' || (c == '[' && i + 1 < json.Length && (char.IsAsciiLetterUpper(json[i + 1]) || json[i + 1] == '/'))))
                safe.Append(c == '<' ? "\\u003C" : "\\u005B");
            else if (c is '\u2028' or '\u2029')
                safe.Append(c == '\u2028' ? "\\u2028" : "\\u2029");
            else
                safe.Append(c);
        }

        return safe.ToString();
    }
}
