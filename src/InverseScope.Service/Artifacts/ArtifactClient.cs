using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using InverseScope.Core;
using InverseScope.Service.Api;
using InverseScope.Sweeps.Hub;

namespace InverseScope.Service.Artifacts;

/// <summary>
/// Asks a service for the files of what has a content hash. Believes nothing of what it is told: paths and sizes are checked here, the contents
/// by whoever receives them. Thread-safe.
/// </summary>
internal sealed class ArtifactClient : IDisposable
{
    private const int LongestAnswer = 4 << 20;
    private const int LongestProblem = 64 << 10;
    private const int MostFiles = 10_000;

    private readonly Uri _service;
    private readonly string? _key;
    private readonly HubOptions _connection;
    private readonly TimeProvider _clock;
    private readonly HubRetry _retry;
    private readonly HttpClient _http;

    public ArtifactClient(Uri service, string? key, HubOptions connection, TimeProvider clock)
    {
        (_service, _key, _connection, _clock, _retry) = (service, key, connection, clock, new HubRetry(connection, clock));
        // The key goes nowhere but to the service. HubSilence owns time.
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            // A proxy would look for a loopback address on its own machine.
            UseProxy = !service.IsLoopback,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>What there is of a content hash; null if there is nothing.</summary>
    /// <param name="name">That it may have there.</param>
    /// <exception cref="BadInputException">The service refuses to answer.</exception>
    /// <exception cref="OutsideServiceException">The service cannot be reached, or what it says makes no sense.</exception>
    public Task<ArtifactManifest?> FindAsync(ArtifactKind kind, string hash, string name, CancellationToken cancel)
    {
        var address = At(kind, hash, $"?name={Uri.EscapeDataString(name)}");
        return _retry.RunAsync<ArtifactManifest?>(
            async attempt =>
            {
                using var response = await SendAsync(address, _ => { }, attempt);
                return response.Message.StatusCode switch
                {
                    HttpStatusCode.OK => Manifest(await response.ReadAllAsync(LongestAnswer), kind, address),
                    HttpStatusCode.NotFound when IsProblem(response) => null,
                    _ => throw await RefusalAsync(response),
                };
            },
            cancel);
    }

    /// <summary>Where the bytes of its files come from.</summary>
    /// <param name="what">What is fetched, for messages.</param>
    public HubSource Source(ArtifactManifest manifest, string what) => new(what, "the service", _retry, async (file, from, tag, cancel) =>
    {
        var path = string.Join('/', file.Name.Split('/').Select(Uri.EscapeDataString));
        var response = await SendAsync(
            At(manifest.Kind, manifest.Hash, $"/files/{path}?name={Uri.EscapeDataString(manifest.Name)}"), request => HubClient.From(request, from, tag), cancel);
        if (response.Message.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable)
            return response;
        using (response)
        {
            throw response.Message.StatusCode == HttpStatusCode.NotFound
                ? new OutsideServiceException($"{HubText.Shown(_service)} has it no longer: it changed there while it was fetched.")
                : await RefusalAsync(response);
        }
    });

    public void Dispose() => _http.Dispose();

    private static bool IsProblem(HubResponse response) => response.Message.Content.Headers.ContentType?.MediaType == Problems.ContentType;

    private static ArtifactManifest Manifest(byte[] body, ArtifactKind kind, Uri address)
    {
        ArtifactManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize<ArtifactManifest>(body, ApiJson.Options);
        }
        catch (JsonException e)
        {
            throw new OutsideServiceException(
                $"{HubText.Shown(address)} answers with something else than a list of files. Another program may listen there, or a service of another version.", e);
        }

        if (manifest is not { Files.Count: > 0 and <= MostFiles } || manifest.Kind != kind || !ArtifactManifest.IsHash(manifest.Hash))
            throw new OutsideServiceException($"{HubText.Shown(address)} answers with a list of files that is none.");
        var paths = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var file in manifest.Files)
        {
            if (!StaysWithin(file.Path) || !ArtifactManifest.IsHash(file.Sha256) || file.Size < 0 || !paths.Add(file.Path))
                throw new OutsideServiceException($"{HubText.Shown(address)} lists the file '{HubText.Shown(file.Path)}', which cannot be fetched: its path, size or hash is none. Nothing is.");
        }

        return manifest;
    }

    // Names that begin with a dot are ours.
    private static bool StaysWithin(string path) =>
        path.Length > 0 && !path.Any(c => char.IsControl(c) || c is '\\' or ':') && path.Split('/').All(part => part.Length > 0 && part[0] != '.');

    private async Task<HubResponse> SendAsync(Uri address, Action<HttpRequestMessage> prepare, CancellationToken cancel)
    {
        var silence = new HubSilence(_connection.Silence, _clock, cancel);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
            if (_key is not null)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key);
            prepare(request);
            var message = await silence.GuardAsync(
                address, wait => new ValueTask<HttpResponseMessage>(_http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, wait)));
            return new HubResponse(message, address, silence);
        }
        catch
        {
            silence.Dispose();
            throw;
        }
    }

    private async Task<Exception> RefusalAsync(HubResponse response)
    {
        var status = response.Message.StatusCode;
        var answer = $"{HubText.Shown(response.Address)} answered {(int)status} ({status})";
        if (status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError)
            return new HubTransientException(answer, HubClient.RetryAfter(response.Message, _clock));
        if (status == HttpStatusCode.Unauthorized)
        {
            return new BadInputException(
                $"The service at {HubText.Shown(_service)} {(_key is null ? "needs a key" : "refuses the key")}.", $"Set {ServiceOptions.KeyVariable} to the one that it was started with.");
        }

        if (!IsProblem(response))
            return new OutsideServiceException($"{answer}, as no service of InverseScope does. Something else may listen there, or stand between.");
        var (detail, fix) = Problem(await response.ReadAllAsync(LongestProblem));
        return new BadInputException($"{answer}: {detail}", fix);
    }

    private static (string Detail, string? Fix) Problem(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return (Text("detail") ?? "no reason is told.", Text("fix"));

            string? Text(string member) =>
                json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String
                    ? HubText.Shown(value.GetString()!)
                    : null;
        }
        catch (JsonException)
        {
            return ("no reason is told.", null);
        }
    }

    private Uri At(ArtifactKind kind, string hash, string rest) =>
        new($"{_service.GetLeftPart(UriPartial.Path).TrimEnd('/')}/api/v1/artifacts/{kind.ToString().ToLowerInvariant()}/{hash}{rest}");
}
