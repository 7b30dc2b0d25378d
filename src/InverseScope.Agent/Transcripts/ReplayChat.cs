using InverseScope.Agent.Chat;
using InverseScope.Core;

namespace InverseScope.Agent.Transcripts;

/// <summary>
/// Answers from a transcript, without a language model. Where a question was asked more than once, the answer that ended the
/// matter counts, not an outage before it.
/// </summary>
public sealed class ReplayChat : IChat
{
    private readonly Dictionary<string, TranscriptEntry> _entries = new(StringComparer.Ordinal);

    /// <param name="model">Whose answers are replayed: others in the transcript are left out.</param>
    /// <param name="entries">In the order in which they were kept.</param>
    public ReplayChat(ChatModel model, IEnumerable<TranscriptEntry> entries)
    {
        Model = model;
        foreach (var entry in entries.Where(e => e.Model == model))
        {
            if (!_entries.TryGetValue(entry.RequestHash, out var earlier) || EndsTheMatter(entry) || !EndsTheMatter(earlier))
                _entries[entry.RequestHash] = entry;
        }
    }

    public ChatModel Model { get; }

    /// <exception cref="BadInputException">The transcript has no such question.</exception>
    public Task<ChatReply> AskAsync(ChatRequest request, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var hash = request.HashFor(Model);
        return Task.FromResult(_entries.TryGetValue(hash, out var entry)
            ? entry.ToReply()
            : throw new BadInputException(
                $"The transcript has no answer of {Model.Name} to this question (purpose '{request.Purpose}', prompt '{request.Prompt.Id}', step {request.Step}, hash {hash[..12]}).",
                "A replay needs the same plan, seed, prompts and samples as the run that was recorded."));
    }

    internal static bool EndsTheMatter(TranscriptEntry entry) =>
        entry.Outcome is not (ChatOutcome.Unavailable or ChatOutcome.OutOfBudget or ChatOutcome.Failed or ChatOutcome.Rejected);
}
