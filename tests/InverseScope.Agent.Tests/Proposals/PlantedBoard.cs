using InverseScope.Core.Proposals;
using InverseScope.Core.Specs;
using InverseScope.Core.Statistics;

namespace InverseScope.Agent.Tests.Proposals;

/// <summary>A site that carries the first letter of a text, over all texts of two letters.</summary>
internal sealed class PlantedBoard : IExploreBoard
{
    private const string Letters = "abcd";
    private readonly string[] _texts = [.. Letters.SelectMany(a => Letters.Select(b => $"{a}{b}"))];
    private readonly Dictionary<string, IFeature> _tried = new(StringComparer.Ordinal);

    public string Site => "L0H0@last";

    public TaskBrief Task { get; init; } = new("pairs", "two letters", [], []);

    public double? SiteBits => 2;

    public List<int> Shown { get; } = [];

    /// <summary>Specs that it was given.</summary>
    public int Tried { get; private set; }

    public IReadOnlyList<ShownReference> Show(int references, int samples, int from = 0)
    {
        Shown.Add(references);
        return [.. _texts.Skip(from).Take(references).Select(t => new ShownReference(
            t, [.. Near(t).Take(samples)], [.. _texts.Reverse().Take(samples)], null))];
    }

    public SpecTrial Try(string spec, CancellationToken cancel)
    {
        Tried++;
        var compiled = FeatureCompiler.Compile(spec, CompileContext.Of(null), cancel: cancel);
        if (compiled.Value is not { } value)
            return new SpecTrial(null, null, null, [.. compiled.Errors.Select(e => e.Format(null))], null);
        var feature = value.Feature;
        _tried[feature.Hash] = feature;
        var labels = _texts.Select(t => feature.Run(t).Label ?? "").ToArray();
        var fcr = _texts.Average(t => Near(t).Average(n => feature.Run(n).Label == feature.Run(t).Label ? 1.0 : 0));
        var chance = labels.CountBy(l => l).Sum(c => Math.Pow(c.Value / (double)labels.Length, 2));
        double? kappa = chance < 1 ? (fcr - chance) / (1 - chance) : null;
        return new SpecTrial(feature.Hash, value.Spec.Title ?? value.Spec.Id, FeatureSpecText.Print(value.Spec, SpecFormat.Json), [], new ExploreScore(
            _texts.Length, fcr, chance, kappa, kappa is { } k ? new Interval(k - 0.05, k + 0.05) : null, kappa * -Math.Log2(chance), kappa is null ? "no variation here" : null, null, [], []));
    }

    public SpecInspection Lint(string spec, CancellationToken cancel)
    {
        var compiled = FeatureCompiler.Compile(spec, CompileContext.Of(null), cancel: cancel);
        return compiled.Value is { } value
            ? new SpecInspection(value.Spec.Title ?? value.Spec.Id, [], new SpecLint(_texts, TimeProvider.System).Check([value], cancel)[0])
            : new SpecInspection(null, [.. compiled.Errors.Select(e => e.Format(null))], null);
    }

    public double? JointBits(IReadOnlyCollection<string> hashes, CancellationToken cancel) => hashes.Count == 0 ? null : _texts
        .GroupBy(t => string.Join('|', hashes.Select(h => _tried[h].Run(t).Label)))
        .Sum(of => hashes.Max(Kappa) * of.Count() / _texts.Length * Math.Log2(_texts.Length / (double)of.Count()));

    private double Kappa(string hash) => _texts.Average(t => Near(t).Average(n => _tried[hash].Run(n).Label == _tried[hash].Run(t).Label ? 1.0 : 0));

    private IEnumerable<string> Near(string text) => _texts.Where(t => t[0] == text[0] && t != text);
}
