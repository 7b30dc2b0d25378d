using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Testing;

namespace InverseScope.Core.Tests.Specs;

/// <summary>Ten thousand specs, each a valid one that was damaged. The same ones every time.</summary>
public sealed class SpecMutationTests
{
    private const int Mutants = 10_000;

    // What a small spec and its few texts may take at most. Most take some microseconds and kilobytes.
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(1);
    private const long MaxBytes = 64 << 20;

    private const string Signs = "{}[]:,-#&*!|>'\"%@`\t\n \\~?";

    private static readonly string[] Texts = ["615+861=1476", "vzzccvczvvvzvcvc|v:8", "When Mary and John went to the store, Mary gave a drink to", ""];

    private static readonly CompileContext Context = new(new TaskCatalog().Find("ioi").Lexicons)
    {
        Labeller = new FakeLabeller(static _ => LabelAnswer.Of("none")),
        Tokenizer = static text => text.Split(' '),
    };

    [Fact]
    public void Ten_thousand_damaged_specs_are_labelled_or_refused_with_a_place_in_time_and_memory()
    {
        var random = new Random(20260101);
        var seeds = Seeds();
        var pieces = seeds.SelectMany(s => s.Split([' ', '\n', ',', '[', ']', '{', '}'], StringSplitOptions.RemoveEmptyEntries)).Distinct().ToArray();
        var documents = seeds.Select(s => JsonNode.Parse(FeatureSpecText.Print(FeatureSpecText.Parse(s).OrThrow().Spec, SpecFormat.Json))!).ToArray();
        var (refused, accepted) = (0, 0);
        for (var i = 0; i < Mutants; i++)
        {
            var text = i % 2 == 0
                ? Damage(seeds[random.Next(seeds.Count)], pieces, random)
                : Restructure(documents[random.Next(documents.Length)], documents, random);
            if (Survives(text, i))
                accepted++;
            else
                refused++;
        }

        // Else the damage is too small or too great to test much.
        Assert.True(refused > Mutants / 4, $"{refused} refused");
        Assert.True(accepted > Mutants / 20, $"{accepted} accepted");
    }

    private static List<string> Seeds()
    {
        var files = Directory.GetFiles(Repository.Path("feature-specs"), "*.yaml", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal).Select(File.ReadAllText);
        List<string> seeds = [.. files, .. SpecGuide.Specs];
        // One rule with each step of the guide, in both notations.
        seeds.AddRange(SpecGuide.Rows.Select(row => $"schema: {FeatureSpec.SchemaId}\nid: guide\nrule: {row.Rule}\n"));
        seeds.AddRange(seeds.ToArray().Where((_, i) => i % 3 == 0)
            .Select(s => FeatureSpecText.Print(FeatureSpecText.Parse(s).OrThrow().Spec, SpecFormat.Json)));
        return seeds;
    }

    private static bool Survives(string text, int number)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var began = Stopwatch.GetTimestamp();
        SpecResult<CompiledSpec> result;
        try
        {
            result = FeatureCompiler.Compile(text, Context);
            foreach (var sample in Texts)
                result.Value?.Feature.Label(sample);
            if (FeatureSpecText.Parse(text).Value is { } parsed)
                FeatureExplanation.Of(parsed.Spec);
        }
#pragma warning disable CA1031 // Whatever it is, the spec that caused it must be told.
        catch (Exception e)
        {
            Assert.Fail($"Mutant {number} threw {e}\n{text}");
            throw;
        }
#pragma warning restore CA1031

        Assert.True(Stopwatch.GetElapsedTime(began) < MaxTime, $"Mutant {number} took {Stopwatch.GetElapsedTime(began)}\n{text}");
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(bytes < MaxBytes, $"Mutant {number} took {bytes} bytes\n{text}");
        if (result.Value is not null)
            return true;
        Assert.NotEmpty(result.Errors);
        foreach (var error in result.Errors)
            Assert.True(error is { Line: >= 1, Column: >= 1, What.Length: > 0 }, $"Mutant {number} has an error without a place: {error}\n{text}");
        return false;
    }

    private static int Edits(Random random) => random.Next(4) == 0 ? random.Next(2, 5) : 1;

    // A few bytes or pieces changed, as slips and broken transfers do.
    private static string Damage(string text, string[] pieces, Random random)
    {
        var bytes = new List<byte>(Encoding.UTF8.GetBytes(text));
        for (var edits = Edits(random); edits > 0; edits--)
        {
            var at = random.Next(bytes.Count);
            var length = Math.Min(random.Next(1, 20), bytes.Count - at);
            switch (random.Next(8))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 4:
                    bytes.Insert(at, (byte)Signs[random.Next(Signs.Length)]);
                    break;
                case 5:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(pieces[random.Next(pieces.Length)]));
                    break;
                case 6:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.RemoveRange(at, length);
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(pieces[random.Next(pieces.Length)]));
                    break;
            }

            if (bytes.Count == 0)
                return "";
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    // Parts dropped, doubled, wrapped, exchanged with parts of other specs, as a language model does.
    private static string Restructure(JsonNode document, JsonNode[] others, Random random)
    {
        var root = document.DeepClone();
        for (var edits = Edits(random); edits > 0; edits--)
        {
            var nodes = All(root).Where(n => n.Parent is not null).ToArray();
            if (nodes.Length == 0)
                break;
            var target = nodes[random.Next(nodes.Length)];
            var donors = All(others[random.Next(others.Length)]).ToArray();
            var donor = donors[random.Next(donors.Length)].DeepClone();
            JsonNode? value = random.Next(10) switch
            {
                0 => null,
                1 => random.Next(-3, 20),
                2 => "words",
                3 => new JsonArray(target.DeepClone()),
                4 => new JsonObject { ["not"] = target.DeepClone() },
                5 => new JsonArray(target.DeepClone(), target.DeepClone()),
                6 => new JsonObject(),
                7 => double.MaxValue,
                _ => donor,
            };
            switch (target.Parent)
            {
                case JsonArray list when random.Next(3) == 0:
                    list.Insert(random.Next(list.Count + 1), value);
                    break;
                case JsonArray list:
                    list[target.GetElementIndex()] = value;
                    break;
                case JsonObject map when random.Next(4) == 0:
                    map.Remove(target.GetPropertyName());
                    break;
                case JsonObject map when random.Next(4) == 0:
                    map["extra"] = value;
                    break;
                case JsonObject map:
                    map[target.GetPropertyName()] = value;
                    break;
            }
        }

        return root.ToJsonString();
    }

    private static IEnumerable<JsonNode> All(JsonNode root)
    {
        yield return root;
        var children = root switch
        {
            JsonObject map => map.Select(e => e.Value),
            JsonArray list => list,
            _ => [],
        };
        foreach (var node in children.OfType<JsonNode>().SelectMany(All))
            yield return node;
    }
}
