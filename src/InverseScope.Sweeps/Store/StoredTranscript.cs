using InverseScope.Agent.Transcripts;
using InverseScope.Core;

namespace InverseScope.Sweeps.Store;

/// <summary>The transcript of one proposer about one site of a sweep, in the store.</summary>
public sealed class StoredTranscript : ITranscript
{
    private readonly TranscriptStore _store;
    private readonly string _sweep;
    private readonly string _site;
    private readonly string _proposer;

    internal StoredTranscript(TranscriptStore store, string sweep, string site, string proposer) =>
        (_store, _sweep, _site, _proposer) = (store, sweep, site, proposer);

    /// <inheritdoc/>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public void Add(TranscriptEntry entry) => _store.Add(_sweep, _site, _proposer, entry);
}
