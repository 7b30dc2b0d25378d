using InverseScope.Core.Consistency;
using InverseScope.Core.Information;

namespace InverseScope.Sweeps.Samples;

/// <summary>
/// What the hypotheses of one site were tested on, kept so that people can look at it afterwards: the references of the confirming test,
/// their samples, and the label that each hypothesis gave to each text. Thread-safe.
/// </summary>
public sealed class KeptSite
{
    // Made at first use; made twice by two threads, it is the same twice.
    private Dictionary<string, int>? _ids;

    /// <summary>The site's full form, e.g. <c>L9H6@last</c>.</summary>
    public required string Site { get; init; }

    /// <summary>A reference below this effective sample size was not measured.</summary>
    public required double MinimumEss { get; init; }

    /// <summary>The sweep's seed, from which the chance of every interval comes.</summary>
    public required long Seed { get; init; }

    /// <summary>Distinct texts of references and kept samples, by text id: to be trusted in nothing.</summary>
    public required IReadOnlyList<string> Texts { get; init; }

    /// <summary>Share of the prior that each text is, as long as <see cref="Texts"/>; 0 for one that is not among its texts.</summary>
    public required IReadOnlyList<double> PriorShares { get; init; }

    /// <summary>In the order in which they were drawn.</summary>
    public required IReadOnlyList<KeptReference> References { get; init; }

    /// <summary>What each hypothesis makes of the texts, by spec hash.</summary>
    public required IReadOnlyDictionary<string, KeptLabels> Labels { get; init; }

    /// <summary>
    /// Whether samples that are not kept are held under each label and text of theirs. Files of the first version have those under one that no
    /// reference has as undefined, and do not tell which texts they are of: a label that a person gave cannot be put in place there.
    /// </summary>
    public bool IsRestWhole { get; init; } = true;

    /// <summary>Id of a text; null if it is neither a reference nor a kept sample.</summary>
    public int? IdOf(string text)
    {
        _ids ??= Texts.Index().ToDictionary(t => t.Item, t => t.Index, StringComparer.Ordinal);
        return _ids.TryGetValue(text, out var id) ? id : null;
    }
}

/// <summary>A reference with its samples, the heaviest first.</summary>
/// <param name="Text">Text id.</param>
/// <param name="Ess">Effective sample size.</param>
/// <param name="Neighbours">Distinct texts that samples were drawn from.</param>
/// <param name="Drawn">Samples that there were; more than are kept where they were too many.</param>
/// <param name="Texts">Text ids of those kept.</param>
/// <param name="Weights">Among all that there were, so that those kept add up to 1 only if they are all.</param>
/// <param name="Distances">Infinite or NaN where it is not known.</param>
/// <param name="Tokens">What the activation says of each token of the reference; null without a generator.</param>
public sealed record KeptReference(
    int Text, double Ess, int Neighbours, int Drawn, int[] Texts, float[] Weights, float[] Distances, IReadOnlyList<TokenBits>? Tokens)
{
    /// <summary>Ids of those texts that its samples that are not kept have too: kept elsewhere, they may be corrected.</summary>
    public int[] RestTexts { get; init; } = [];

    /// <summary>Weight under each of <see cref="RestTexts"/>.</summary>
    public float[] RestWeights { get; init; } = [];
}

/// <summary>What one hypothesis makes of the texts of a site.</summary>
/// <param name="Labels">Distinct labels of references and samples, by code, in ordinal order.</param>
/// <param name="Codes">Label code of each text; negative as in <see cref="LabelCode"/>.</param>
/// <param name="PriorShares">Share of the prior's texts with known label that have each of <paramref name="Labels"/>.</param>
/// <param name="PriorKnown">Share of the prior's texts whose label is known, undefined ones included.</param>
/// <param name="Rest">What the samples that are not kept add to each reference; empty where all are kept.</param>
public sealed record KeptLabels(IReadOnlyList<string> Labels, int[] Codes, double[] PriorShares, double PriorKnown, IReadOnlyList<KeptRest> Rest)
{
    /// <summary>The label of a text; null where there is none.</summary>
    public string? LabelOf(int text) => Codes[text] is >= 0 and var code ? Labels[code] : null;
}

/// <summary>The samples of one reference that are not kept, as far as rates need them.</summary>
/// <param name="Codes">Codes of labels, and of missing labels.</param>
/// <param name="Weights">Weight under each of the codes of those whose text is not among the site's.</param>
public sealed record KeptRest(int[] Codes, float[] Weights);
