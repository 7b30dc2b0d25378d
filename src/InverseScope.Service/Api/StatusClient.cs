using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;
using InverseScope.Core;
using InverseScope.Service.Cluster;
using InverseScope.Service.Desk;

namespace InverseScope.Service.Api;

/// <summary>What a service does.</summary>
/// <param name="Cluster">Null: it is alone.</param>
/// <param name="Sweeps">Those that run or wait.</param>
public sealed record ServiceState(Uri Service, ClusterOverview? Cluster, IReadOnlyList<SweepView> Sweeps);

/// <summary>Asks a service what it does.</summary>
public static class StatusClient
{
    private const long LongestAnswer = 64 << 20;

    // A newer service may tell more.
    private static readonly JsonSerializerOptions Told = new(ApiJson.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip };

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <param name="key">Null where it needs none.</param>
    /// <exception cref="BadInputException">It does not take the key, or is no service of this program.</exception>
    /// <exception cref="OutsideServiceException">It does not answer.</exception>
    public static async Task<ServiceState> ReadAsync(Uri service, string? key, CancellationToken cancel)
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            // A proxy would look for a loopback address on its own machine.
            UseProxy = !service.IsLoopback,
        })
        {
            BaseAddress = new Uri($"{service.AbsoluteUri.TrimEnd('/')}/"),
            Timeout = Patience,
            MaxResponseContentBufferSize = LongestAnswer,
        };
        if (!string.IsNullOrEmpty(key))
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        try
        {
            var sweeps = await ReadAsync<IReadOnlyList<SweepView>>(http, service, "api/v1/sweeps", cancel) ?? throw NoService(service);
            return new ServiceState(
                service, await ReadAsync<ClusterOverview>(http, service, "api/v1/cluster", cancel),
                [.. sweeps.Where(s => s.Status is SweepStatus.Running or SweepStatus.Queued)]);
        }
        catch (JsonException e)
        {
            throw new BadInputException($"What answers at {service} is another program, or another version.", "Name the address that 'inversescope serve' prints: --service ADDRESS.", e);
        }
        catch (HttpRequestException e)
        {
            throw new OutsideServiceException(
                $"No service answers at {service}: {e.Message.TrimEnd('.')}. Start it with 'inversescope serve', or name another with --service ADDRESS.", e);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new OutsideServiceException(
                $"Something listens at {service}, but nothing came within {Patience.TotalSeconds} s. If it is the service, its log tells what it waits for, e.g. its database; else name another with --service ADDRESS.", e);
        }
    }

    // Null: there is no such thing.
    private static async Task<T?> ReadAsync<T>(HttpClient http, Uri service, string path, CancellationToken cancel)
        where T : class
    {
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), cancel);
        var isProblem = answer.Content.Headers.ContentType?.MediaType == Problems.ContentType;
        if (answer.StatusCode == HttpStatusCode.NotFound && isProblem)
            return null;
        var text = await answer.Content.ReadAsStringAsync(cancel);
        if (answer.StatusCode == HttpStatusCode.Unauthorized)
        {
            throw new BadInputException(
                http.DefaultRequestHeaders.Authorization is null ? $"The service at {service} needs a key." : $"The service at {service} does not take this key.",
                $"Set {ServiceOptions.KeyVariable} to the key that it was started with.");
        }

        if (answer.IsSuccessStatusCode)
            return JsonSerializer.Deserialize<T>(text, Told) ?? throw new JsonException("null");
        var told = isProblem && JsonSerializer.Deserialize<JsonElement>(text).TryGetProperty("detail", out var detail) ? detail.GetString() : $"HTTP {(int)answer.StatusCode}";
        throw isProblem ? new OutsideServiceException($"The service at {service} refuses: {told}") : NoService(service);
    }

    private static BadInputException NoService(Uri service) =>
        new($"What answers at {service} is no service of this program.", "Name the address that 'inversescope serve' prints: --service ADDRESS.");
}
