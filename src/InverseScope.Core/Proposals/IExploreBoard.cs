using InverseScope.Core.Information;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics;

namespace InverseScope.Core.Proposals;

/// <summary>
/// The proposing boundary: all that whoever proposes hypotheses about a site may see and ask. Behind it stand explore references
/// and the prior; confirm references, the store and other sites cannot be reached through it. Not thread-safe.
/// </summary>
public interface IExploreBoard
{
    /// <summary>The site in full form, e.g. <c>L9H6@last</c>. It says nothing of what the site encodes.</summary>
    string Site { get; }

    TaskBrief Task { get; }

    /// <summary>Bits that the activation tells of its text, by explore references; null if not measured.</summary>
    double? SiteBits { get; }

    /// <summary>Explore references with texts whose activation is near theirs, and texts that are drawn from the prior.</summary>
    /// <param name="references">At most so many, the same at every call with the same from.</param>
    /// <param name="samples">Texts of each group for each reference, at most.</param>
    /// <param name="from">How many references to pass over first.</param>
    IReadOnlyList<ShownReference> Show(int references, int samples, int from = 0);

    /// <summary>Compiles a spec, checks it on draws of the prior, and scores it on explore references.</summary>
    /// <param name="spec">A feature spec as JSON or YAML; data, which may be anything.</param>
    /// <exception cref="OutsideServiceException">A spec that asks a language model, which cannot be reached.</exception>
    SpecTrial Try(string spec, CancellationToken cancel);

    /// <summary>Runs a spec on draws of the prior, and says what keeps it from being a hypothesis worth testing. Nothing is scored.</summary>
    /// <param name="spec">As for <see cref="Try"/>.</param>
    SpecInspection Lint(string spec, CancellationToken cancel);

    /// <summary>Bits of specs that were tried, taken jointly; null without any that was scored.</summary>
    /// <param name="hashes">Spec hashes (<see cref="SpecTrial.Hash"/>).</param>
    double? JointBits(IReadOnlyCollection<string> hashes, CancellationToken cancel);
}

/// <summary>What a proposer is told of the task.</summary>
/// <param name="Lexicons">Word lists that specs may name, each with a few of its words and their number.</param>
/// <param name="Variables">What the step <c>variable</c> can read.</param>
public sealed record TaskBrief(
    string Name, string Description, IReadOnlyList<LexiconBrief> Lexicons, IReadOnlyList<string> Variables);

/// <summary>A word list, in short.</summary>
public sealed record LexiconBrief(string Name, int Count, IReadOnlyList<string> Some);

/// <summary>A reference as a proposer sees it.</summary>
/// <param name="Near">Texts with a near activation, as often as their weights say; the reference itself is not among them.</param>
/// <param name="Far">Texts drawn from the prior, for contrast.</param>
/// <param name="Tokens">What the activation says of each token of the text; null without a generator.</param>
public sealed record ShownReference(
    string Text, IReadOnlyList<string> Near, IReadOnlyList<string> Far, IReadOnlyList<TokenBits>? Tokens);

/// <summary>What came of trying a spec.</summary>
/// <param name="Hash">Identity of the spec; null if it does not compile.</param>
/// <param name="Spec">The spec as JSON, as it is stored; null likewise.</param>
/// <param name="Errors">What is wrong with it, with places; empty if it compiles.</param>
/// <param name="Score">Null if it has errors.</param>
public sealed record SpecTrial(string? Hash, string? Title, string? Spec, IReadOnlyList<string> Errors, ExploreScore? Score);

/// <summary>What lint says of a spec.</summary>
/// <param name="Title">Null if it does not compile.</param>
/// <param name="Errors">What is wrong with it, with places; empty if it compiles.</param>
/// <param name="Report">On texts that may be shown; null if it has errors.</param>
public sealed record SpecInspection(string? Title, IReadOnlyList<string> Errors, LintReport? Report);

/// <summary>How a spec does on explore references. Whoever tries many will find some that do well here by chance.</summary>
/// <param name="References">Measured ones.</param>
/// <param name="Fcr">Feature consistency rate.</param>
/// <param name="Chance">The rate if the activation said nothing of the feature.</param>
/// <param name="Kappa">(FCR − chance) / (1 − chance); null where the feature does not vary.</param>
/// <param name="KappaInterval">95 %, over references.</param>
/// <param name="Bits">Bits that the activation carries of the label.</param>
/// <param name="Unfit">Why it cannot be a hypothesis here, such as that it does not vary; null if it can.</param>
/// <param name="SameAs">Title of a spec tried before that divides the prior alike; null if there is none.</param>
/// <param name="Labels">Most frequent labels of the references, with counts.</param>
/// <param name="Mismatches">References with a near text that has another label.</param>
public sealed record ExploreScore(
    int References, double? Fcr, double? Chance, double? Kappa, Interval? KappaInterval, double? Bits, string? Unfit, string? SameAs,
    IReadOnlyList<LabelCount> Labels, IReadOnlyList<Mismatch> Mismatches);

/// <summary>A near text whose label is not its reference's.</summary>
/// <param name="SampleLabel">Null where the feature is undefined on it.</param>
public sealed record Mismatch(string Reference, string Label, string Sample, string? SampleLabel);
