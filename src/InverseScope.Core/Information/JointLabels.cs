using System.Runtime.InteropServices;
using InverseScope.Core.Consistency;

namespace InverseScope.Core.Information;

/// <summary>
/// Labels of several features taken together: each combination is a label. That a feature is undefined is a value of
/// its own, since there is something to know about where a condition holds; a missing label makes the whole missing.
/// </summary>
/// <param name="features">Number of features, 1 or more.</param>
public sealed class JointLabels(int features)
{
    private readonly Dictionary<(int Joint, int Next), int>[] _codes =
        [.. Enumerable.Range(0, features).Select(_ => new Dictionary<(int, int), int>())];

    /// <summary>Combines references and their samples.</summary>
    /// <param name="labelled">For each feature, the same references with the same samples in the same order.</param>
    public LabelledReference[] Combine(IReadOnlyList<IReadOnlyList<LabelledReference>> labelled)
    {
        CheckCount(labelled.Count);
        var combined = new LabelledReference[labelled[0].Count];
        for (var r = 0; r < combined.Length; r++)
        {
            var first = labelled[0][r];
            if (labelled.Any(f => f.Count != combined.Length || f[r].Reference != first.Reference
                || f[r].SampleLabels.Length != first.SampleLabels.Length))
            {
                throw new ArgumentException($"The features have different references or samples at {r}.");
            }

            combined[r] = first with
            {
                Label = CombineColumns([.. labelled.Select(f => new[] { f[r].Label })])[0],
                SampleLabels = CombineColumns([.. labelled.Select(f => f[r].SampleLabels)]),
            };
        }

        return combined;
    }

    /// <summary>Combines columns of labels, one for each feature, with the codes of all other calls.</summary>
    public int[] CombineColumns(IReadOnlyList<int[]> columns)
    {
        CheckCount(columns.Count);
        var combined = new int[columns[0].Length];
        for (var f = 0; f < columns.Count; f++)
        {
            for (var i = 0; i < combined.Length; i++)
            {
                var next = columns[f][i];
                if (LabelCode.IsMissing(combined[i]))
                    continue;
                combined[i] = LabelCode.IsMissing(next) ? next : Code(f, combined[i], next);
            }
        }

        return combined;
    }

    private int Code(int feature, int joint, int next)
    {
        ref var code = ref CollectionsMarshal.GetValueRefOrAddDefault(_codes[feature], (joint, next), out var known);
        if (!known)
            code = _codes[feature].Count - 1;
        return code;
    }

    private void CheckCount(int count)
    {
        if (count != _codes.Length)
            throw new ArgumentException($"{count} features where there are {_codes.Length}.");
    }
}
