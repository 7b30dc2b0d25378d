using InverseScope.Core.Information;
using InverseScope.Core.Sampling;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>Condenses what activations say of the tokens of their references into what a report shows of it.</summary>
internal static class SiteTokens
{
    private const int ReferencesShown = 3;

    /// <returns>Null where no sampler with a generator told of any reference.</returns>
    public static TokenBitsRecord? Of(SiteSamples samples, TextPool texts, ITask task)
    {
        var told = samples.Sets.Where(s => s.Tokens is not null).Select(s => (Text: texts[s.Reference], Tokens: s.Tokens!)).ToArray();
        return told.Length == 0 ? null : new TokenBitsRecord
        {
            References =
            [
                .. told.Take(ReferencesShown).Select(t => new ReferenceTokens
                {
                    Reference = t.Text,
                    Bits = t.Tokens.Sum(b => b.Bits),
                    Tokens = [.. t.Tokens.Select(b => new TokenBitsOf { Token = b.Token, Bits = b.Bits })],
                }),
            ],
            PriorGap = samples.PriorGap,
            Positions = [.. task.PositionNames.Select(name => At(name, told, task)).OfType<PositionBits>()],
        };
    }

    private static PositionBits? At(string name, IReadOnlyList<(string Text, IReadOnlyList<TokenBits> Tokens)> told, ITask task)
    {
        double[] bits = [.. told.SelectMany(t => task.CharacterAt(name, t.Text) is { } at
            ? t.Tokens.Where(b => b.Start <= at && at < b.Start + b.Token.Length).Take(1).Select(b => b.Bits)
            : [])];
        return bits.Length == 0 ? null : new PositionBits { Position = $"@{name}", Bits = bits.Average(), References = bits.Length };
    }
}
