using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;

namespace InverseScope.Torch.Banks;

/// <summary>
/// Activations of references that are not in the population, computed when they are first asked for, at all sites that
/// were prepared together. Each text is run alone, so that its numbers do not depend on which others are asked for with
/// it: a resumed run asks for fewer. Thread-safe.
/// </summary>
internal sealed class ReferenceActivations(TargetModel target, ITask task, IReadOnlyList<Site> sites, Basis basis) : IDisposable
{
    private readonly Dictionary<string, IReadOnlyList<CapturedActivations>> _known = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private ActivationCapture? _capture;

    /// <returns>The activation, (K); empty if the text lacks the site's position.</returns>
    public ReadOnlyMemory<float> Of(Site site, string text, CancellationToken cancel)
    {
        lock (_lock)
        {
            if (!_known.TryGetValue(text, out var found))
            {
                _capture ??= new ActivationCapture(target, sites, basis, task);
                _known.Add(text, found = _capture.Read([text], cancel));
            }

            var at = found.First(captured => captured.Site == site);
            return at.Present[0] == 0 ? ReadOnlyMemory<float>.Empty : at.Values;
        }
    }

    public void Dispose() => _capture?.Dispose();
}
