using InverseScope.Agent.Chat;
using InverseScope.Agent.Telemetry;
using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;

namespace InverseScope.Agent.Labels;

/// <summary>
/// Labels texts by asking a language model: many texts in one question, each text once, several questions at the same time, and
/// nothing that the cache knows. Every answer is in the cache before the next question. Thread-safe.
/// </summary>
public sealed class ChatLabeller : ITextLabeller, IDisposable
{
    // The first vote of a second labelling, far from those of the first. The number of a vote is its seed as well.
    private const int SecondVote = 1000;

    private readonly IChat _chat;
    private readonly LabelOptions _options;
    private readonly ILabelCache _cache;
    private readonly ILabelEmbedder? _embedder;
    private readonly IReadOnlyDictionary<string, IChat> _others;
    private readonly SemaphoreSlim _atOnce;

    // Classes of labels grow one by one: two calls that decide at the same time could make two of one.
    private readonly SemaphoreSlim _classes = new(1);

    /// <param name="chat">Answers questions that name no model.</param>
    /// <param name="embedder">For specs that compare labels by embeddings; null: such a spec is an error.</param>
    /// <param name="others">Answer specs whose <c>model</c> names them, by name; null: such a spec is an error, unless it names that of <paramref name="chat"/>.</param>
    /// <exception cref="BadInputException">The options are wrong.</exception>
    public ChatLabeller(
        IChat chat, LabelOptions options, ILabelCache cache, ILabelEmbedder? embedder = null, IReadOnlyDictionary<string, IChat>? others = null)
    {
        if (options.Check().ToList() is { Count: > 0 } problems)
            throw new BadInputException(string.Join(' ', problems));
        (_chat, _options, _cache, _embedder) = (chat, options, cache, embedder);
        _others = others ?? new Dictionary<string, IChat>();
        _atOnce = new SemaphoreSlim(options.Parallelism);
    }

    /// <inheritdoc/>
    public IReadOnlyList<LabelAnswer> Label(LlmQuestion question, string specHash, IReadOnlyList<string> texts, CancellationToken cancel) =>
        LabelAsync(question, specHash, texts, cancel).GetAwaiter().GetResult();

    /// <summary>As <see cref="Label"/>, without blocking the thread.</summary>
    public async Task<IReadOnlyList<LabelAnswer>> LabelAsync(
        LlmQuestion question, string specHash, IReadOnlyList<string> texts, CancellationToken cancel)
    {
        var answers = await AnswerAsync(question, specHash, texts, firstVote: 0, cancel);
        var labelled = texts.Select(text => answers[text]).ToList();
        foreach (var (kind, count) in labelled.CountBy(a => a.Kind))
            AgentTelemetry.CountLabels(kind.ToString(), count);
        return labelled;
    }

    /// <summary>
    /// Labels some of the texts anew, with other seeds and in another order, and compares with their labels.
    /// </summary>
    /// <param name="sample">How many, at most; which ones hangs on spec and texts alone.</param>
    /// <exception cref="BadInputException">The language model does not exist, or cannot be asked this.</exception>
    /// <exception cref="OutsideServiceException">The language model cannot be reached.</exception>
    public async Task<LabelAgreement> MeasureAgreementAsync(
        LlmQuestion question, string specHash, IReadOnlyList<string> texts, int sample, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sample);
        var chosen = texts.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        new RunSeed(0).Stream("self-agreement", specHash).Shuffle<string>(chosen);
        chosen = [.. chosen.Take(sample)];
        var first = await AnswerAsync(question, specHash, chosen, firstVote: 0, cancel);
        Array.Reverse(chosen);
        var second = await AnswerAsync(question, specHash, chosen, SecondVote, cancel);
        var compared = chosen.Where(t => first[t].Kind == AnswerKind.Labelled && second[t].Kind == AnswerKind.Labelled).ToList();
        return new LabelAgreement(chosen.Length, compared.Count, compared.Count(t => first[t].Label == second[t].Label))
        {
            NotAsked = chosen.Count(t => first[t].Kind == AnswerKind.NotAsked || second[t].Kind == AnswerKind.NotAsked),
            Pairs = [.. compared.Select(t => new LabelPair(first[t].Label!, second[t].Label!))],
        };
    }

    public void Dispose()
    {
        _atOnce.Dispose();
        _classes.Dispose();
    }

    private async Task<Dictionary<string, LabelAnswer>> AnswerAsync(
        LlmQuestion question, string specHash, IReadOnlyList<string> texts, int firstVote, CancellationToken cancel)
    {
        var job = new LabelJob(question, ChatOf(question));
        var distinct = texts.Distinct(StringComparer.Ordinal).ToList();
        var model = LabelScope.ModelOf(job.Chat.Model, job.Votes > 1 && _options.VoteTemperature != new LabelOptions().VoteTemperature ? _options.VoteTemperature : null);
        var votes = Enumerable.Range(firstVote, question.Votes)
            .Select(vote => new Ballot(new LabelScope(specHash, model, job.Prompt.Hash, vote)))
            .ToList();
        foreach (var ballot in votes)
        {
            foreach (var text in distinct)
            {
                if (_cache.Find(ballot.Scope, text) is { } known)
                    ballot.Answers[text] = known;
            }
        }

        AgentTelemetry.CountCacheHits(votes.Sum(v => v.Answers.Count));
        var batches = votes.SelectMany(ballot => distinct.Where(t => !ballot.Answers.ContainsKey(t)).Chunk(_options.BatchSize).Select(batch => (ballot, batch)))
            .ToList();
        await Parallel.ForEachAsync(
            batches,
            new ParallelOptions { MaxDegreeOfParallelism = _options.Parallelism, CancellationToken = cancel },
            async (work, token) => await AskAsync(job, work.ballot, work.batch, token));

        await _classes.WaitAsync(cancel);
        try
        {
            var labels = distinct.SelectMany(t => votes.Select(v => v.Answers[t].Label)).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
            var classes = await new LabelClasses(question, specHash, job.Chat, _cache, _embedder).ResolveAsync(labels, firstVote == 0, cancel);
            return distinct.ToDictionary(
                text => text,
                text => LabelVotes.Count([.. votes.Select(v => v.Answers[text]).Select(a => a.Label is { } label ? classes[label] : a)]),
                StringComparer.Ordinal);
        }
        finally
        {
            _classes.Release();
        }
    }

    private async Task AskAsync(LabelJob job, Ballot ballot, string[] batch, CancellationToken cancel)
    {
        await _atOnce.WaitAsync(cancel);
        try
        {
            await job.AskAsync(batch, seed: ballot.Scope.Vote, job.Votes > 1 ? _options.VoteTemperature : 0, (texts, answers) => Keep(ballot, texts, answers), cancel);
        }
        finally
        {
            _atOnce.Release();
        }
    }

    private void Keep(Ballot ballot, IReadOnlyList<string> texts, IReadOnlyList<LabelAnswer> answers)
    {
        var answered = texts.Zip(answers, (text, answer) => KeyValuePair.Create(text, answer)).ToList();
        // What only failed for now, or was not asked, is asked in the next run.
        _cache.Add(ballot.Scope, [.. answered.Where(a => a.Value.Kind is not (AnswerKind.Failed or AnswerKind.NotAsked))]);
        lock (ballot.Answers)
        {
            foreach (var (text, answer) in answered)
                ballot.Answers[text] = answer;
        }
    }

    private IChat ChatOf(LlmQuestion question) =>
        question.Model is not { } name || name == _chat.Model.Name ? _chat
        : _others.TryGetValue(name, out var other) ? other
        : throw new BadInputException(
            $"The spec asks the language model '{name}', which is not set up.{NearestName.Hint(name, _others.Keys.Append(_chat.Model.Name))}",
            $"Set it up, or leave 'model' out to ask {_chat.Model.Name}.");

    /// <summary>One answer about each text.</summary>
    private sealed record Ballot(LabelScope Scope)
    {
        public Dictionary<string, LabelAnswer> Answers { get; } = new(StringComparer.Ordinal);
    }
}
