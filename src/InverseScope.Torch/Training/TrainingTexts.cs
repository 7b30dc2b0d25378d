using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;

namespace InverseScope.Torch.Training;

/// <summary>Draws the texts of each step and lays them out for the model.</summary>
internal sealed class TrainingTexts
{
    private readonly ITask _task;
    private readonly TrainingVocabulary _vocabulary;
    private readonly HeldOut _heldOut;
    private readonly TrainingOptions _options;
    private readonly Dictionary<string, bool> _amongFew = new(StringComparer.Ordinal);

    public TrainingTexts(ITask task, TrainingVocabulary vocabulary, TrainingOptions options)
    {
        (_task, _vocabulary, _options) = (task, vocabulary, options);
        _heldOut = new HeldOut(task, options.HeldOutShare);
    }

    /// <summary>The text with its answer, and the character at which the answer begins; the text's length if it has none.</summary>
    public static (string Text, int AnswerStart) WithAnswer(ITask task, string text) =>
        (task as IAnsweredTask)?.QuestionOf(text) is { } question
            ? (question.Prompt + question.Answer, question.Prompt.Length)
            : (text, text.Length);

    /// <summary>The batch of a step; depends on the seed and the step alone.</summary>
    public TrainingBatch Batch(int step)
    {
        var random = new RunSeed(_options.Seed).Stream("training texts", step.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return Batch([.. Enumerable.Range(0, _options.BatchSize).Select(_ => Draw(random, step))]);
    }

    private string Draw(RandomStream random, int step)
    {
        while (true)
        {
            var text = _heldOut.Draw(random, heldOut: false);
            if (step > _options.FewAnswersSteps || (_task as IAnsweredTask)?.QuestionOf(text) is not { } question
                || (IsAmongFew(question.Answer) && (question.Rival is null || IsAmongFew(question.Rival))))
            {
                return text;
            }
        }
    }

    private bool IsAmongFew(string answer)
    {
        if (!_amongFew.TryGetValue(answer, out var isAmongFew))
        {
            isAmongFew = new RunSeed(_options.Seed).Stream("few answers", answer).NextDouble() < _options.FewAnswersShare;
            _amongFew.Add(answer, isAmongFew);
        }

        return isAmongFew;
    }

    /// <summary>Lays texts out: begin token, text, answer, end token, then padding.</summary>
    public TrainingBatch Batch(IReadOnlyList<string> texts)
    {
        var rows = texts.Select(text =>
        {
            var (whole, answerStart) = WithAnswer(_task, text);
            var tokens = _vocabulary.Tokenizer.Encode(whole);
            return (tokens.Ids, FirstAnswer: Array.FindIndex(tokens.Ends, end => end > answerStart));
        }).ToList();
        var length = rows.Max(r => r.Ids.Length) + 1;
        var ids = new long[rows.Count * length];
        Array.Fill(ids, _vocabulary.EndId);
        var weights = new float[rows.Count * (length - 1)];
        for (var row = 0; row < rows.Count; row++)
        {
            var (tokens, firstAnswer) = rows[row];
            for (var i = 0; i < tokens.Length; i++)
                ids[row * length + i] = tokens[i];

            // Target i is token i + 1; the end token is one too.
            var targets = tokens.Length;
            var answers = firstAnswer < 0 ? 0 : tokens.Length - firstAnswer;
            for (var i = 0; i < targets; i++)
            {
                var isAnswer = firstAnswer >= 0 && i + 1 >= firstAnswer && i + 1 < tokens.Length;
                weights[row * (length - 1) + i] = (float)(isAnswer
                    ? 1.0 / answers
                    : (answers == 0 ? 1 : _options.TextLossWeight) / (targets - answers)) / rows.Count;
            }
        }

        return new TrainingBatch(ids, weights, rows.Count, length);
    }
}

/// <summary>Texts laid out for one step.</summary>
/// <param name="Ids">(B, T), row by row.</param>
/// <param name="Weights">Weight of the loss of each next token, (B, T − 1); 0 in the padding.</param>
internal sealed record TrainingBatch(long[] Ids, float[] Weights, int Rows, int Length);
