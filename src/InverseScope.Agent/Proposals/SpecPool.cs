using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using InverseScope.Core;
using InverseScope.Core.Information;
using InverseScope.Core.Proposals;

namespace InverseScope.Agent.Proposals;

/// <summary>The specs that were tried at one site, and the choice among them.</summary>
/// <param name="author">What ids begin with that specs come without.</param>
internal sealed partial class SpecPool(IExploreBoard board, string author = "llm")
{
    // A spec is taken if it adds so many bits to those already taken.
    private const double LeastGain = 0.05;

    // To try one, a language model would label the whole prior.
    private const string AsksAModel = "llm: a proposal is a rule or a script, and this one asks a language model. Write a rule or a script.";

    // Where figures are the rule's own; ids and tests hold others.
    private static readonly string[] RuleKeys = ["applies", "rule", "script", "lexicons"];

    // Codes of escaped letters are no figures.
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>Scored specs, in the order in which they came.</summary>
    public IReadOnlyCollection<Entry> Entries => _entries.Values;

    public int Faulty { get; set; }

    /// <summary>Tries a spec as a model gave it: what every spec has need not be in it.</summary>
    /// <param name="given">With or without <c>schema</c> and <c>id</c>.</param>
    /// <param name="step">What led to it.</param>
    public SpecTrial Try(JsonElement given, ProposalStep step, CancellationToken cancel)
    {
        if (Asks(given))
            return new SpecTrial(null, null, null, [AsksAModel], null);
        var spec = Completed(given);
        var trial = board.Try(spec, cancel);
        if (trial is { Hash: { } hash, Score: { } score })
        {
            // What is given again keeps the steps that led to it first.
            if (!_entries.ContainsKey(hash))
                _entries.Add(hash, new Entry(hash, trial.Spec!, score, [step, new ProposalStep("scored on explore references", Told(score), null)]));
        }

        return trial;
    }

    /// <summary>Has the board look at a spec as <see cref="Try"/> would read it.</summary>
    public SpecInspection Lint(JsonElement given, CancellationToken cancel) =>
        Asks(given) ? new SpecInspection(null, [AsksAModel], null) : board.Lint(Completed(given), cancel);

    /// <summary>Specs to test, those first that say most together.</summary>
    public IReadOnlyList<Entry> Best(int most, CancellationToken cancel)
    {
        var left = _entries.Values.Where(e => e.IsFit).ToList();
        var taken = new List<Entry>();
        var bits = 0.0;
        while (taken.Count < most && left.Count > 0)
        {
            var (next, joint) = left
                .Select(e => (Entry: e, Bits: board.JointBits([.. taken.Append(e).Select(t => t.Hash)], cancel) ?? 0))
                .MaxBy(e => e.Bits);
            if (joint < bits + LeastGain)
                break;
            bits = joint;
            taken.Add(next);
            left.Remove(next);
        }

        return taken;
    }

    /// <summary>Whether these leave hardly any of the site's bits.</summary>
    public bool Explain(IReadOnlyList<Entry> taken, CancellationToken cancel) =>
        taken.Count > 0 && board.SiteBits is > 0 and var all && board.JointBits([.. taken.Select(t => t.Hash)], cancel) >= (1 - Explanation.MostLeft) * all;

    /// <summary>A score, in a sentence.</summary>
    public static string Told(ExploreScore score) => score.Unfit is { } unfit
        ? $"unfit: {unfit}"
        : score.SameAs is { } same
            ? $"divides the texts as '{same}' does"
            : string.Create(CultureInfo.InvariantCulture, $"rate {score.Fcr:0.00}, chance {score.Chance:0.00}, kappa {score.Kappa:0.00}, {score.Bits:0.00} bits on {score.References} references");

    /// <summary>What a model said, without claims that only code may make: null where it holds a number that is not in the rule it is about.</summary>
    /// <param name="spec">Whose rule it is about; null: none.</param>
    public static string? Prose(string? text, JsonObject? spec)
    {
        var own = RuleKeys.Select(key => spec?[key]?.ToJsonString(Plain) ?? "").SelectMany(Numbers).ToHashSet(StringComparer.Ordinal);
        return text is not null && own.IsSupersetOf(Numbers(text)) ? text : null;
    }

    private static bool Asks(JsonElement given) => given.ValueKind == JsonValueKind.Object && given.TryGetProperty("llm", out _);

    private string Completed(JsonElement given)
    {
        if (given.ValueKind != JsonValueKind.Object)
            return given.GetRawText();
        var spec = JsonObject.Create(given)!;
        var rule = string.Concat(spec.Where(p => p.Key is not ("title" or "hypothesis" or "schema" or "id")).Select(p => p.Value?.ToJsonString()));
        foreach (var key in new[] { "title", "hypothesis" })
        {
            if (spec[key] is JsonValue value && value.TryGetValue<string>(out var text) && Prose(text, spec) is null)
                spec.Remove(key);
        }

        spec["schema"] ??= "inversescope/feature-spec/v1";
        spec["id"] ??= $"{author}.{ContentHash.Of(rule)[..8]}";
        return spec.ToJsonString();
    }

    private static IEnumerable<string> Numbers(string text) => NumberForm().Matches(text).Select(n => n.Value);

    [GeneratedRegex(@"\d+(\.\d+)?", RegexOptions.CultureInvariant)]
    private static partial Regex NumberForm();

    internal sealed class Entry(string hash, string spec, ExploreScore score, List<ProposalStep> trail)
    {
        public string Hash => hash;

        public string Spec { get; set; } = spec;

        public ExploreScore Score => score;

        public List<ProposalStep> Trail => trail;

        /// <summary>Whether it can be tested, and looks as if it were carried.</summary>
        public bool IsFit => score is { Unfit: null, SameAs: null, Kappa: > 0, KappaInterval.Low: > 0 };
    }
}
