using InverseScope.Core.Sites;

namespace InverseScope.Core.Sampling;

/// <summary>What is known of a target model without running it.</summary>
/// <param name="Name">As the user gave it.</param>
/// <param name="Family">e.g. <c>gpt2</c>.</param>
/// <param name="ContentHash">SHA-256 over config, weights and tokenizer, hex.</param>
public sealed record TargetDescription(
    string Name, string Family, string ContentHash, int Layers, int Heads, int HeadWidth, int Width, int Vocabulary,
    int Context);

/// <summary>The generator that samples come from.</summary>
/// <param name="Name">Name of its folder.</param>
/// <param name="ContentHash">SHA-256 over all that decides what it writes, hex.</param>
public sealed record GeneratorDescription(string Name, string ContentHash);

/// <summary>Which weights a target has.</summary>
public enum TargetWeights
{
    /// <summary>Its own.</summary>
    Trained,

    /// <summary>Random numbers of the same scales, as a control: what is found then, any representation would show.</summary>
    Random,
}

/// <summary>Progress of long work, for a console line with rate and time left.</summary>
/// <param name="Stage">What is being done, in a few words.</param>
/// <param name="Done">Units finished.</param>
/// <param name="Total">Units in all; 0 if unknown.</param>
/// <param name="Unit">Plural noun of the unit.</param>
public readonly record struct WorkProgress(string Stage, long Done, long Total, string Unit);

/// <summary>
/// The compute boundary: everything that needs the target model. One instance serves one target, one task and one set
/// of measurement options. Calls are synchronous and cancellable between batches; they may come from several threads.
/// </summary>
public interface IInversionBackend : IDisposable
{
    TargetDescription Target { get; }

    MeasurementOptions Options { get; }

    /// <summary>The generator that samples come from; null where none is used.</summary>
    GeneratorDescription? Generator => null;

    /// <summary>Texts of the prior sample come first (ids 0 .. <see cref="PriorTexts"/> − 1).</summary>
    TextPool Texts { get; }

    /// <summary>Number of texts in the bank or the enumeration.</summary>
    int PriorTexts { get; }

    /// <summary>
    /// Weight of each text of the prior sample, any scale: its probability where it is enumerated, how often it was drawn
    /// in a bank. Null if all are alike.
    /// </summary>
    double[]? PriorWeights { get; }

    /// <summary>Makes what samples of these sites need available (collects the bank if it is not there).</summary>
    /// <exception cref="BadInputException">
    /// A site that the target does not have, whose position no text has, or that the generator was not trained on.
    /// </exception>
    void Prepare(IReadOnlyList<Site> sites, IProgress<WorkProgress>? progress, CancellationToken cancel);

    /// <summary>Samples for each reference text at a prepared site, deterministic for a given stream name.</summary>
    SiteSamples Sample(Site site, IReadOnlyList<string> references, string streamName, CancellationToken cancel);

    /// <summary>
    /// Runs texts with their activation at a site replaced by those of donors, and tells what changes. A head's output is replaced
    /// before the output projection, everything else where it enters the stream.
    /// </summary>
    /// <returns>One for each request; null where its text lacks the site's position.</returns>
    /// <exception cref="BadInputException">A text that the target cannot read.</exception>
    /// <exception cref="NotSupportedException">There is no network behind this backend.</exception>
    IReadOnlyList<PatchOutcome?> Patch(Site site, IReadOnlyList<PatchRequest> requests, CancellationToken cancel) => throw new NotSupportedException();

    /// <summary>
    /// What the target writes after texts, always its likeliest token next, if their activation at a site is that of a donor. Only
    /// the text's own token is patched; what is written after it reads the patched run.
    /// </summary>
    /// <returns>
    /// One for each request: up to a line's end, the end token, or as many characters as asked for (white space before them not
    /// counted). Null where nothing is known: text or donor lacks the site's position, a score is not finite, or the target's context
    /// ended before any of these.
    /// </returns>
    /// <exception cref="BadInputException">A text that the target cannot read.</exception>
    /// <exception cref="NotSupportedException">There is no network behind this backend.</exception>
    IReadOnlyList<string?> Continue(Site site, IReadOnlyList<ContinuationRequest> requests, CancellationToken cancel) => throw new NotSupportedException();

    /// <summary>
    /// How many characters of each text the target has read at a site: through the last character of the token there. 0 at
    /// a begin token; null if the text has no such position. Where another process knows, each call is a message: ask for many.
    /// </summary>
    /// <exception cref="BadInputException">A text that the target cannot read.</exception>
    IReadOnlyList<int?> CharactersRead(Site site, IReadOnlyList<string> texts);
}
