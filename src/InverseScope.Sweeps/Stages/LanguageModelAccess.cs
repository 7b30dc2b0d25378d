using InverseScope.Agent.Chat;
using InverseScope.Agent.Labels;
using InverseScope.Core;

namespace InverseScope.Sweeps.Stages;

/// <summary>Opens the language model of a sweep.</summary>
/// <exception cref="OutsideServiceException">It cannot be reached, or cannot do what it will be asked.</exception>
public delegate LanguageModelAccess LanguageModelFactory(ChatOptions options);

/// <summary>A language model that is ready to be asked. Disposing it closes its connections.</summary>
/// <param name="owner">What is closed with it; null: nothing.</param>
public sealed class LanguageModelAccess(IChat chat, ILabelEmbedder? embedder, IDisposable? owner) : IDisposable
{
    public IChat Chat { get; } = chat;

    /// <summary>Null: specs that compare labels by embeddings cannot be run.</summary>
    public ILabelEmbedder? Embedder { get; } = embedder;

    /// <summary>Whether the model can call functions; null where its service does not tell.</summary>
    public bool? HasTools { get; init; }

    /// <summary>The digest of the model as its service has it now; null where it does not tell.</summary>
    public Func<CancellationToken, string?>? DigestNow { get; init; }

    /// <summary>Connects, and looks in seconds whether the model can do what it will be asked.</summary>
    /// <param name="environment">Values of variables by name, for the key.</param>
    /// <exception cref="BadInputException">The options, a script or the key cannot be used.</exception>
    /// <exception cref="OutsideServiceException">It cannot be reached, or cannot do it; the message lists what was found, each with its cure.</exception>
    public static LanguageModelAccess Open(ChatOptions options, Func<string, string?> environment, TimeProvider clock, CancellationToken cancel)
    {
        var opening = ChatOpening.OpenAsync(options, environment, clock, cancel).GetAwaiter().GetResult();
        if (opening.Chat is { } chat)
        {
            return new LanguageModelAccess(chat, opening.Embedder, opening)
            {
                HasTools = opening.Report.Capabilities is null ? null : opening.Report.HasTools,
                DigestNow = token => opening.DigestNowAsync(token).GetAwaiter().GetResult(),
            };
        }

        opening.Dispose();
        throw new OutsideServiceException(string.Join(Environment.NewLine, opening.Report.Findings
            .Where(f => f.State == PreflightState.Bad).Select(f => $"The language model cannot be used ({f.Name}): {f.What.TrimEnd('.')}.{(f.Cure is null ? "" : " " + f.Cure)}")));
    }

    public void Dispose() => owner?.Dispose();
}

/// <summary>
/// A site's investigation waits for a language model that is not there: it is taken up again when others are done, or by a resumed sweep.
/// </summary>
internal sealed class SiteParkedException(string message) : Exception(message);
