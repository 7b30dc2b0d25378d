using InverseScope.Agent.Transcripts;
using InverseScope.Core;

namespace InverseScope.Sweeps.Store;

/// <summary>Takes transcripts out of the store, for people and for <see cref="ReplayChat"/>.</summary>
public static class TranscriptExport
{
    /// <summary>Writes a sweep's entries in order, as a <see cref="TranscriptFile"/> has them: a line each, ended by a line feed.</summary>
    /// <returns>How many there are.</returns>
    /// <exception cref="BadInputException">There is no such sweep.</exception>
    public static int Write(SweepStore store, string sweepId, TextWriter output)
    {
        var count = 0;
        foreach (var line in store.Transcripts.Lines(store.Sweep(sweepId).Id))
        {
            output.Write(line);
            output.Write('\n');
            count++;
        }

        return count;
    }
}
