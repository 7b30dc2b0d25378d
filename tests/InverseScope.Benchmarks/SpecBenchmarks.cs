using BenchmarkDotNet.Attributes;
using InverseScope.Core.Consistency;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;

namespace InverseScope.Benchmarks;

/// <summary>
/// What specs cost on one core. Ceilings: a text takes 3.3 µs under the carry rule and 10 µs under the rule of the
/// indirect object; one rule over 144 sites × 100 references × 32 samples is scored in 1 s. Last numbers:
/// results/specs.md.
/// </summary>
[MemoryDiagnoser]
public class SpecBenchmarks
{
    private const int Texts = 10_000;
    private const int Sites = 144;
    private const int References = 100;
    private const int Samples = 32;
    private const int MinimumEss = 5;
    private static readonly RunSeed Seed = new(1);

    private const string CarryRule = """
        schema: inversescope/feature-spec/v1
        id: addition.carry
        rule:
          - sum: [[chars, {nth: 1}, int], [chars, {nth: 5}, int]]
          - ge: 10
        """;

    private const string ObjectRule = """
        schema: inversescope/feature-spec/v1
        id: ioi.object
        applies: [{contains: {words: [gave, give]}}]
        rule: [words, {in: names}, {occurring: 1}, first]
        """;

    private const string Script = """
        schema: inversescope/feature-spec/v1
        id: ioi.script
        script: |
          function label(x) { return x.split(' ')[1]; }
        """;

    private string[] _sums = [];
    private string[] _stories = [];
    private IFeature _carry = null!;
    private IFeature _object = null!;
    private IFeature _script = null!;
    private TextPool _pool = null!;
    private int[][] _samples = [];
    private CompileContext _context = null!;
    private FeatureSpec _spec = null!;

    [GlobalSetup]
    public void Draw()
    {
        var random = Seed.Stream("benchmark");
        var (addition, ioi) = (new TaskCatalog().Find("addition"), new TaskCatalog().Find("ioi"));
        _sums = [.. Enumerable.Range(0, Texts).Select(_ => addition.Draw(random))];
        _stories = [.. Enumerable.Range(0, Texts).Select(_ => ioi.Draw(random))];
        _context = new CompileContext(ioi.Lexicons);
        _spec = FeatureSpecText.Parse(ObjectRule).OrThrow().Spec;
        _carry = FeatureCompiler.Compile(CarryRule, _context).OrThrow().Feature;
        _object = FeatureCompiler.Compile(ObjectRule, _context).OrThrow().Feature;
        _script = FeatureCompiler.Compile(Script, _context).OrThrow().Feature;
        _pool = new TextPool();
        foreach (var text in _stories)
            _pool.Add(text);
        _samples = [.. Enumerable.Range(0, Sites * References).Select(_ =>
            Enumerable.Range(0, Samples).Select(_ => random.NextInt(_pool.Count)).ToArray())];
    }

    [Benchmark(OperationsPerInvoke = Texts)]
    public int LabelCarry() => Label(_carry, _sums, Texts);

    [Benchmark(OperationsPerInvoke = Texts)]
    public int LabelIndirectObject() => Label(_object, _stories, Texts);

    [Benchmark(OperationsPerInvoke = 200)]
    public int LabelByScript() => Label(_script, _stories, 200);

    [Benchmark]
    public SpecResult<CompiledSpec> Compile() => FeatureCompiler.Compile(ObjectRule, _context);

    [Benchmark]
    public string Hash() => CanonicalForm.Hash(_spec);

    /// <summary>
    /// Every site as the sweep does it: labels by text, joined to samples by index, and their consistency. The column
    /// is new each time, so that every text is labelled once.
    /// </summary>
    [Benchmark]
    public double ScoreOneRuleOverAllSites()
    {
        var column = new LabelColumn(_object, _pool);
        var weights = new float[Samples];
        Array.Fill(weights, 1f / Samples);
        var total = 0.0;
        for (var site = 0; site < Sites; site++)
        {
            var references = new LabelledReference[References];
            for (var r = 0; r < References; r++)
            {
                var texts = _samples[site * References + r];
                var codes = new int[Samples];
                column.Read(texts, codes);
                references[r] = new LabelledReference(texts[0], column[texts[0]], texts, codes, weights, Samples);
            }

            total += FeatureConsistency.Measure(references, MinimumEss).Kappa ?? 0;
        }

        return total;
    }

    private static int Label(IFeature feature, string[] texts, int count)
    {
        var defined = 0;
        foreach (var text in texts.AsSpan(0, count))
            defined += feature.Label(text) is null ? 0 : 1;
        return defined;
    }
}
