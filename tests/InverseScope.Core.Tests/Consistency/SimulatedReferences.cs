using InverseScope.Core.Consistency;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Tests.Consistency;

/// <summary>References whose samples copy the label with a known probability.</summary>
internal static class SimulatedReferences
{
    public static readonly double[] NinetyTen = [0.9, 0.1];
    public static readonly double[] SixEqual = [1 / 6.0, 1 / 6.0, 1 / 6.0, 1 / 6.0, 1 / 6.0, 1 / 6.0];

    /// <param name="copied">Probability that a sample has its reference's label; otherwise it is a draw.</param>
    /// <param name="referenceLabels">Distribution of f(x̂).</param>
    /// <param name="sampleLabels">Distribution of labels that are not copied.</param>
    public static LabelledReference[] Draw(
        RandomStream random, int references, int samples, double copied, double[] referenceLabels,
        double[]? sampleLabels = null)
    {
        var drawn = new LabelledReference[references];
        for (var r = 0; r < references; r++)
        {
            var label = Label(random, referenceLabels);
            var labels = new int[samples];
            for (var i = 0; i < samples; i++)
                labels[i] = random.NextDouble() < copied ? label : Label(random, sampleLabels ?? referenceLabels);
            drawn[r] = Entry(r, label, labels);
        }

        return drawn;
    }

    /// <summary>
    /// Equal weights, an effective sample size of the number of samples, and texts that are all distinct.
    /// </summary>
    public static LabelledReference Entry(int reference, int label, params int[] sampleLabels)
    {
        var weights = new float[sampleLabels.Length];
        Array.Fill(weights, 1f / Math.Max(1, sampleLabels.Length));
        int[] texts = [.. Enumerable.Range(0, sampleLabels.Length).Select(i => reference * 1_000 + i)];
        return new LabelledReference(reference, label, texts, sampleLabels, weights, sampleLabels.Length);
    }

    public static int Label(RandomStream random, double[] shares)
    {
        var u = random.NextDouble();
        for (var v = 0; v < shares.Length - 1; v++)
        {
            if ((u -= shares[v]) < 0)
                return v;
        }

        return shares.Length - 1;
    }
}
