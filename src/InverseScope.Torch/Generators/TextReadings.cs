using InverseScope.Torch.Runtime;
using static TorchSharp.torch;

namespace InverseScope.Torch.Generators;

/// <summary>
/// What texts are about, in numbers, and what activations tell of that in a line: where encoders of sites begin. So all sites speak one
/// language from the first step, and what a control layer learns to write for one it has learnt for all.
/// </summary>
internal static class TextReadings
{
    private const double Ridge = 0.01;

    // Of texts that are all alike.
    private const double SmallestScale = 1e-6;

    // Beyond these, rarer tokens are left out: their covariance would not fit.
    private const int MostMarks = 2_000;

    /// <summary>The principal components of which token stands where.</summary>
    /// <param name="texts">Ids of N texts.</param>
    /// <param name="latent">E.</param>
    /// <returns><c>(N, E)</c>, float32, on the CPU, centred, of variance 1 on average; the caller owns it.</returns>
    public static Tensor Of(IReadOnlyList<int[]> texts, int latent)
    {
        using var scope = NewDisposeScope();
        var counts = texts.SelectMany(ids => ids.Index()).GroupBy(mark => mark).ToDictionary(g => g.Key, g => g.Count());
        var marks = counts.Where(c => c.Value < texts.Count).OrderByDescending(c => c.Value).ThenBy(c => c.Key).Take(MostMarks).Select((c, at) => (c.Key, at)).ToDictionary(c => c.Key, c => c.at);
        var has = new float[texts.Count * Math.Max(1, marks.Count)];
        foreach (var (row, ids) in texts.Index())
        {
            foreach (var mark in ids.Index())
            {
                if (marks.TryGetValue(mark, out var at))
                    has[row * marks.Count + at] = 1;
            }
        }

        var marked = tensor(has, [texts.Count, Math.Max(1, marks.Count)], device: CPU);
        var x = marked - marked.mean([0L], keepdim: true);
        var (_, vectors) = linalg.eigh(x.t().mm(x).@double());
        var take = (int)Math.Min(latent, vectors.shape[1]);
        var found = zeros(texts.Count, latent, device: CPU);
        found.narrow(1, 0, take).copy_(x.mm(vectors.narrow(1, vectors.shape[1] - take, take).@float()));
        var scale = Math.Sqrt(found.Squared().mean().item<float>());
        return found.DividedBy(Math.Max(scale, SmallestScale)).MoveToOuterDisposeScope();
    }

    /// <summary>The ridge regression of what texts are about on their activations.</summary>
    /// <param name="activations"><c>(n, width)</c>, centred, of deviation 1.</param>
    /// <param name="readings"><c>(n, E)</c>, of the same texts.</param>
    /// <returns><c>(E, width)</c>; the caller owns it.</returns>
    public static Tensor MapOf(Tensor activations, Tensor readings)
    {
        using var scope = NewDisposeScope();
        var (z, t) = (activations.@double(), readings.@double());
        var (texts, width) = (z.shape[0], z.shape[1]);
        Tensor Ridged(Tensor products) => products.DividedBy(texts).Plus(eye(products.shape[0], dtype: ScalarType.Float64, device: z.device).Times(Ridge));
        // The same map either way, by whichever system is smaller.
        var map = width <= texts
            ? linalg.solve(Ridged(z.t().mm(z)), z.t().mm(t).DividedBy(texts))
            : z.t().mm(linalg.solve(Ridged(z.mm(z.t())), t.DividedBy(texts)));
        return map.t().@float().contiguous().MoveToOuterDisposeScope();
    }
}
