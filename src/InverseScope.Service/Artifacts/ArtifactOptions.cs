using InverseScope.Core;
using InverseScope.Sweeps.Hub;

namespace InverseScope.Service.Artifacts;

/// <summary>Where what a home lacks may come from.</summary>
public sealed record ArtifactOptions
{
    /// <summary>A folder laid out as a home, e.g. on a disk that all machines have; used in place and never written. Null: none.</summary>
    public string? Shared { get; init; }

    /// <summary>Base address of the service, http or https; null: nothing is fetched.</summary>
    public Uri? Service { get; init; }

    /// <summary>The key of the service; null where it has none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Files that are fetched at the same time, at least 1. Default 4.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>How often a request that failed in passing is repeated, after waits that double, at least 1. Default 5; a download that moves on counts anew.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>How long the service may send nothing before the connection counts as lost; it reads a model that it was not asked for before. Default 2 min.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromMinutes(2);

    /// <exception cref="BadInputException">The shared folder is none, the address is none of a service, or the key cannot be sent.</exception>
    internal void Check()
    {
        if (Shared is { } shared && !Directory.Exists(shared))
            throw new BadInputException($"There is no shared folder '{shared}'.", "Give one that is laid out as a home, with models, generators and tasks in it.");
        if (Service is { } service && (!service.IsAbsoluteUri || (service.Scheme != Uri.UriSchemeHttp && service.Scheme != Uri.UriSchemeHttps)))
            throw new BadInputException($"'{HubText.Shown(service.ToString())}' is not the address of a service.", "Give one such as http://rack:5290.");
        if (ApiKey?.All(c => c is > ' ' and <= '~') == false)
            throw new BadInputException($"The key in {ServiceOptions.KeyVariable} holds characters that no key has.", "Set it to the key of the service.");
    }

    internal HubOptions Connection => new() { Retries = Retries, Silence = Silence };
}
