using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace InverseScope.Core.Tasks;

/// <summary>
/// Instructions of several sets, each once: what differs only in case, punctuation or white space is the same, so that no
/// part of a split repeats a text of another.
/// </summary>
public sealed record InstructionCollection
{
    private static readonly JsonSerializerOptions LineOptions = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private InstructionCollection(IReadOnlyList<Instruction> instructions) => Instructions = instructions;

    /// <summary>Harmful ones first, each part in the order given.</summary>
    public IReadOnlyList<Instruction> Instructions { get; }

    /// <summary>How many repeated an earlier one.</summary>
    public int Repeated { get; private init; }

    /// <summary>How many had more tokens than allowed, or more characters than a line of a task's file may have.</summary>
    public int TooLong { get; private init; }

    /// <summary>How many the model's vocabulary does not hold.</summary>
    public int Unreadable { get; private init; }

    /// <summary>Gathers instructions.</summary>
    /// <param name="instructions">
    /// Of those that are the same the first is kept, a harmful one before all, with the first category that any of them has.
    /// </param>
    /// <param name="tokens">Counts a text's tokens, null where the model cannot read it; null: lengths do not matter.</param>
    /// <param name="mostTokens">Longer ones are left out.</param>
    public static InstructionCollection Of(IEnumerable<Instruction> instructions, Func<string, int?>? tokens, int mostTokens)
    {
        var (repeated, tooLong, unreadable) = (0, 0, 0);
        var kept = new OrderedDictionary<string, Instruction>(StringComparer.Ordinal);
        foreach (var instruction in instructions.OrderByDescending(i => i.IsHarmful))
        {
            var key = Bare(instruction.Text);
            if (kept.TryGetValue(key, out var same))
            {
                repeated++;
                if (same.IsHarmful == instruction.IsHarmful)
                    kept[key] = same with { Category = same.Category ?? instruction.Category };
                continue;
            }

            if (Line(instruction).Length > TextFileReader.MaxCharacters)
            {
                tooLong++;
                continue;
            }

            if (tokens is not null)
            {
                var count = tokens(instruction.Text);
                unreadable += count is null ? 1 : 0;
                tooLong += count > mostTokens ? 1 : 0;
                if (count is null || count > mostTokens)
                    continue;
            }

            kept.Add(key, instruction);
        }

        return new InstructionCollection([.. kept.Values]) { Repeated = repeated, TooLong = tooLong, Unreadable = unreadable };
    }

    /// <summary>The collection as a task's file, JSON lines.</summary>
    /// <param name="format">How models read the instructions.</param>
    public string Print(InstructionFormat format)
    {
        var lines = new StringBuilder();
        lines.Append(JsonSerializer.Serialize(new { InstructionFormat.Schema, Template = format.ToString() }, LineOptions)).Append('\n');
        foreach (var i in Instructions)
            lines.Append(Line(i)).Append('\n');
        return lines.ToString();
    }

    private static string Line(Instruction i) => JsonSerializer.Serialize(new { i.Text, i.Source, Harmful = i.IsHarmful, i.Category }, LineOptions);

    // A text without any letter or digit is itself.
    private static string Bare(string text)
    {
        var bare = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune))
                bare.Append(Rune.ToLowerInvariant(rune).ToString());
            else if (bare.Length > 0 && bare[^1] != ' ')
                bare.Append(' ');
        }

        return bare.ToString().TrimEnd() is { Length: > 0 } words ? words : text;
    }
}
