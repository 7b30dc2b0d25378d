using System.Runtime.InteropServices;
using System.Text.Json;
using InverseScope.Testing;
using InverseScope.Torch.Models;
using static TorchSharp.torch;

namespace InverseScope.Torch.Tests.Models;

/// <summary>A Llama that somebody trained: what its golden file says, text to text.</summary>
[Collection(TorchCollection.Name)]
public sealed class StoriesTests(TorchFixture torch)
{
    [Fact]
    public void Scores_and_greedy_texts_equal_the_golden_file()
    {
        using var target = TargetModel.Open(Shared.Path("models/stories260K"), torch.Thread);
        foreach (var line in File.ReadLines(Shared.Path("models/stories260K/golden.jsonl")))
        {
            using var golden = JsonDocument.Parse(line);
            var root = golden.RootElement;
            var ids = root.GetProperty("prompt_ids").EnumerateArray().Select(id => id.GetInt64()).ToArray();
            var expected = root.GetProperty("logits_last").EnumerateArray().Select(v => v.GetDouble()).ToArray();
            var greedy = root.GetProperty("greedy_ids").EnumerateArray().Select(id => id.GetInt64()).ToArray();
            var (logits, written) = target.Compute(network => (Logits(network, ids), Greedy(network, ids, greedy.Length)));
            var largest = expected.Max(Math.Abs);
            Assert.All(expected.Zip(logits), pair => Assert.InRange(Math.Abs(pair.First - pair.Second) / largest, 0, 1e-5));
            Assert.Equal(greedy, written);
        }
    }

    private static float[] Logits(CausalTransformer network, long[] ids)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        return MemoryMarshal.Cast<byte, float>(network.call(tensor(ids, [1, ids.Length]))[0, -1].contiguous().bytes).ToArray();
    }

    /// <summary>With the cache, which must say the same as reading all anew.</summary>
    private static long[] Greedy(CausalTransformer network, long[] ids, int tokens)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var cache = new KeyValueCache(network.Config, 1, ids.Length + tokens, hasPrefix: false, CPU, ScalarType.Float32);
        var (next, found) = (ids, new List<long>());
        while (found.Count < tokens)
        {
            using var inner = NewDisposeScope();
            var stream = network.Run(new ForwardPass(tensor(next, [1, next.Length])) { Cache = cache });
            found.Add(network.Logits(stream[0, -1]).argmax().item<long>());
            next = [found[^1]];
        }

        return [.. found];
    }
}
