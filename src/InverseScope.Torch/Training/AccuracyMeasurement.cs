using InverseScope.Core.Tasks;
using InverseScope.Torch.Models;
using InverseScope.Torch.Tokenizers;
using static TorchSharp.torch;

namespace InverseScope.Torch.Training;

/// <summary>Measures a model on given texts of a task.</summary>
internal static class AccuracyMeasurement
{
    private const int BatchSize = 250;

    /// <param name="network">Runs on the calling thread.</param>
    /// <param name="texts">At least one.</param>
    public static AnswerAccuracy Of(
        CausalTransformer network, ITokenizer tokenizer, ITask task, IReadOnlyList<string> texts)
    {
        using var inference = inference_mode();
        var (loss, tokens, right, answered, above, rivalled) = (0.0, 0L, 0, 0, 0, 0);
        foreach (var batch in texts.Chunk(BatchSize))
        {
            using var scope = NewDisposeScope();
            var rows = batch.Select(text => Row.Of(tokenizer, task, text)).ToList();
            var length = rows.Max(r => r.Ids.Length);
            var ids = new long[rows.Count * length];
            for (var row = 0; row < rows.Count; row++)
            {
                for (var i = 0; i < rows[row].Ids.Length; i++)
                    ids[row * length + i] = rows[row].Ids[i];
            }

            var logProbabilities = network.call(tensor(ids, [rows.Count, length], device: network.Device)).log_softmax(-1).cpu(); // (B, T, V)
            var best = logProbabilities.argmax(-1).data<long>().ToArray(); // (B, T)
            var width = (int)logProbabilities.shape[2];
            for (var row = 0; row < rows.Count; row++)
            {
                var (tokenIds, first, rival) = rows[row];
                var asked = first ?? 1;
                var scores = logProbabilities[row].narrow(0, asked - 1, tokenIds.Length - asked).data<float>().ToArray();
                var allRight = true;
                for (var i = asked; i < tokenIds.Length; i++)
                {
                    loss -= scores[(i - asked) * width + tokenIds[i]];
                    allRight &= best[row * length + i - 1] == tokenIds[i];
                    tokens++;
                }

                if (first is null)
                    continue;
                answered++;
                right += allRight ? 1 : 0;
                if (rival is not { } other)
                    continue;
                rivalled++;
                above += scores[tokenIds[asked]] > scores[other] ? 1 : 0;
            }
        }

        return new AnswerAccuracy(
            texts.Count,
            loss / tokens,
            answered > 0 ? right / (double)answered : null,
            rivalled > 0 ? above / (double)rivalled : null);
    }

    /// <param name="FirstAnswer">Index of the answer's first token; null if there is no answer.</param>
    /// <param name="Rival">Id of the rival's first token.</param>
    private sealed record Row(int[] Ids, int? FirstAnswer, int? Rival)
    {
        public static Row Of(ITokenizer tokenizer, ITask task, string text)
        {
            if ((task as IAnsweredTask)?.QuestionOf(text) is not { } question)
                return new Row(tokenizer.Encode(text).Ids, null, null);
            var tokens = tokenizer.Encode(question.Prompt + question.Answer);
            var first = Array.FindIndex(tokens.Ends, end => end > question.Prompt.Length);
            int? rival = question.Rival is { } other ? tokenizer.Encode(question.Prompt + other).Ids[first] : null;
            return new Row(tokens.Ids, first, rival);
        }
    }
}
