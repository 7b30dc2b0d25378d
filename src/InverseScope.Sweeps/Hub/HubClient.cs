using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using InverseScope.Core;

namespace InverseScope.Sweeps.Hub;

/// <summary>
/// Speaks the protocol of the Hugging Face hub: what a repository holds at a revision, what its files are, and their bytes
/// (huggingface.co/docs/huggingface_hub, "HfApi" and "file_download"). Believes nothing of what it is told: paths,
/// sizes, redirects and hashes are checked here. Thread-safe.
/// </summary>
internal sealed class HubClient : IDisposable
{
    private const int MostRedirects = 10;
    private const int LongestListing = 32 << 20;
    private const string CommitHeader = "X-Repo-Commit";
    private const string HashHeader = "X-Linked-ETag";
    private const string SizeHeader = "X-Linked-Size";
    private const string ErrorHeader = "X-Error-Code";

    private readonly HubOptions _options;
    private readonly TimeProvider _clock;
    private readonly HttpClient _http;

    public HubClient(HubOptions options, TimeProvider clock)
    {
        (_options, _clock) = (options, clock);
        // Redirects are followed here, where it is known who may see the token. HubSilence owns time.
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            // A proxy would look for a loopback address on its own machine.
            UseProxy = !options.Endpoint.IsLoopback,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("inversescope", null));
        Retry = new HubRetry(options, clock);
    }

    public HubRetry Retry { get; }

    /// <summary>The commit of a revision, and its files.</summary>
    /// <param name="revision">Branch, tag or commit; null: the main branch.</param>
    /// <exception cref="BadInputException">There is no such repository or revision, or it may not be read.</exception>
    /// <exception cref="OutsideServiceException">The hub cannot be reached, or what it says makes no sense.</exception>
    public Task<HubListing> ListAsync(HubRepository repository, string? revision, CancellationToken cancel)
    {
        var address = At($"api/models/{repository}/revision/{Uri.EscapeDataString(revision ?? "main")}");
        return Retry.RunAsync(
            async attempt =>
            {
                using var response = await SendAsync(HttpMethod.Get, address, null, attempt);
                if (!response.Message.IsSuccessStatusCode)
                    throw Refusal(response, repository, revision, null);
                return Listing(await response.ReadAllAsync(LongestListing), response.Address);
            },
            cancel);
    }

    /// <summary>Size and hash of a file.</summary>
    /// <param name="name">One that <see cref="ListAsync"/> gave.</param>
    /// <exception cref="BadInputException">It may not be read.</exception>
    /// <exception cref="OutsideServiceException">The hub cannot be reached, or what it says makes no sense.</exception>
    public Task<HubFile> DescribeAsync(HubRepository repository, string commit, string name, CancellationToken cancel) =>
        Retry.RunAsync(
            async attempt =>
            {
                using var response = await SendAsync(HttpMethod.Head, FileAddress(repository, commit, name), null, attempt);
                if (!response.Message.IsSuccessStatusCode && response.Header(HashHeader) is null)
                    throw Refusal(response, repository, commit, name);
                return Described(response, repository, commit, name);
            },
            cancel);

    /// <summary>Where the bytes of a repository's files at one commit come from.</summary>
    public HubSource Source(HubRepository repository, string commit) => new(
        repository.ToString(), "the hub", Retry, (file, from, tag, cancel) => OpenAsync(repository, commit, file, from, tag, cancel));

    public void Dispose() => _http.Dispose();

    /// <summary>Asks for the bytes of a file from one on.</summary>
    /// <param name="tag">ETag of the earlier answer that this one goes on with; null if there was none.</param>
    internal static void From(HttpRequestMessage request, long from, EntityTagHeaderValue? tag)
    {
        if (from == 0)
            return;
        request.Headers.Range = new RangeHeaderValue(from, null);
        if (tag is not null)
            request.Headers.IfRange = new RangeConditionHeaderValue(tag);
    }

    /// <summary>Where a redirect leads.</summary>
    /// <exception cref="OutsideServiceException">Nowhere that may be followed.</exception>
    internal static Uri Redirected(Uri from, string? location)
    {
        if (location is null || !Uri.TryCreate(from, location, out var to))
            throw new OutsideServiceException($"{HubText.Shown(from)} redirects to no address.");
        if (to.Scheme != Uri.UriSchemeHttps && (to.Scheme != Uri.UriSchemeHttp || from.Scheme == Uri.UriSchemeHttps))
        {
            throw new OutsideServiceException(
                $"{HubText.Shown(from)} redirects to {HubText.Shown(to)}, which is not followed from {from.Scheme} to {HubText.Shown(to.Scheme)}.");
        }

        return to;
    }

    /// <summary>How long a server asks to wait; null if it does not say.</summary>
    internal static TimeSpan? RetryAfter(HttpResponseMessage message, TimeProvider clock) => message.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date - clock.GetUtcNow() is var wait => wait > TimeSpan.Zero ? wait : TimeSpan.Zero,
        _ => null,
    };

    private async Task<HubResponse> OpenAsync(
        HubRepository repository, string commit, HubFile file, long from, EntityTagHeaderValue? tag, CancellationToken cancel)
    {
        var response = await SendAsync(
            HttpMethod.Get,
            FileAddress(repository, commit, file.Name),
            request => From(request, from, tag),
            cancel);
        if (response.Message.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable)
            return response;
        using (response)
            throw Refusal(response, repository, commit, file.Name);
    }

    private async Task<HubResponse> SendAsync(
        HttpMethod method, Uri address, Action<HttpRequestMessage>? prepare, CancellationToken cancel)
    {
        var silence = new HubSilence(_options.Silence, _clock, cancel);
        try
        {
            for (var hop = 0; hop <= MostRedirects; hop++)
            {
                using var request = new HttpRequestMessage(method, address);
                request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
                if (_options.SendsToken && IsHub(address))
                    _options.Token!.Authorize(request);
                prepare?.Invoke(request);
                var message = await silence.GuardAsync(
                    address,
                    wait => new ValueTask<HttpResponseMessage>(_http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, wait)));
                var response = new HubResponse(message, address, silence);
                if (!IsRedirect(message.StatusCode) || (method == HttpMethod.Head && response.Header(HashHeader) is not null))
                    return response;
                message.Dispose();
                // The raw text: as a parsed header, a path would be a file of this machine.
                address = Redirected(address, message.Headers.NonValidated.TryGetValues("Location", out var location) ? location.ToString() : null);
            }
        }
        catch
        {
            silence.Dispose();
            throw;
        }

        silence.Dispose();
        throw new OutsideServiceException($"{HubText.Shown(address)} redirects on and on, and was left after {MostRedirects} redirects.");
    }

    private static HubListing Listing(byte[] body, Uri address)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var commit = json.RootElement.GetProperty("sha").GetString();
            if (commit is not { Length: 40 } || !commit.All(char.IsAsciiHexDigitLower))
                throw new OutsideServiceException($"{HubText.Shown(address)} names the commit '{HubText.Shown(commit ?? "")}', which is none.");
            var files = new HashSet<string>(StringComparer.Ordinal);
            foreach (var sibling in json.RootElement.GetProperty("siblings").EnumerateArray())
            {
                var path = sibling.GetProperty("rfilename").GetString() ?? "";
                if (!StaysWithin(path))
                {
                    throw new OutsideServiceException(
                        $"{HubText.Shown(address)} lists the file '{HubText.Shown(path)}', whose path leads out of the repository. Nothing is fetched from it.");
                }

                files.Add(path);
            }

            return new HubListing(commit, files);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            var page = body.AsSpan().TrimStart(" \t\r\n"u8).StartsWith("<"u8);
            throw new OutsideServiceException(
                $"{HubText.Shown(address)} answers with {(page ? "a web page" : "something else")} instead of the list of a repository's files. "
                + $"A proxy or a log-in page may stand between; or {HubOptions.EndpointVariable} names no hub.",
                e);
        }
    }

    private HubFile Described(HubResponse response, HubRepository repository, string commit, string name)
    {
        var what = $"{_options.Endpoint.Host} on {repository}/{name}";
        if (!IsHub(response.Address))
            throw new OutsideServiceException($"{what}: it is redirected to {HubText.Shown(response.Address)} without its hash.");
        if (response.Header(CommitHeader) is var told && told != commit)
        {
            throw new OutsideServiceException(
                $"{what}: {(told is null ? "no commit is told" : $"it is of commit {HubText.Shown(told)}")}, where {commit} was asked for. "
                + $"A proxy may stand between; or {HubOptions.EndpointVariable} names no hub.");
        }

        var tag = response.Header(HashHeader) ?? response.Header("ETag");
        var hash = HubHash.OfETag(tag)
            ?? throw new OutsideServiceException($"{what}: no hash is told (its ETag is '{HubText.Shown(tag ?? "")}'), so that it could not be verified.");
        var length = response.Header(SizeHeader)
            ?? (response.IsEncoded ? null : response.Message.Content.Headers.ContentLength?.ToString(CultureInfo.InvariantCulture));
        return long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            ? new HubFile(name, size, hash)
            : throw new OutsideServiceException($"{what}: its size is told as '{HubText.Shown(length ?? "")}', which is none.");
    }

    private Exception Refusal(HubResponse response, HubRepository repository, string? revision, string? file)
    {
        var status = response.Message.StatusCode;
        var answer = $"{HubText.Shown(response.Address)} answered {(int)status} ({status})";
        if (status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError)
            return new HubTransientException(answer, RetryAfter(response.Message, _clock));
        if (!IsHub(response.Address))
        {
            // The signature in a redirect runs out; the hub signs anew.
            return status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.Gone
                ? new HubTransientException(answer)
                : new OutsideServiceException($"{answer}.");
        }

        var page = new Uri($"{_options.Endpoint.AbsoluteUri.TrimEnd('/')}/{repository}");
        return (status, response.Header(ErrorHeader)) switch
        {
            (_, "RevisionNotFound") => new BadInputException(
                $"{page} has no revision '{HubText.Shown(revision ?? "main")}'.", "Give a branch, a tag or a commit of it with --revision."),
            (_, "RepoNotFound") or (HttpStatusCode.NotFound, null) when file is null => new BadInputException(
                $"There is no model {page}{(revision is null ? "" : $" with a revision '{HubText.Shown(revision)}'")}, or it is private.",
                $"Check its name; for a private one, {TokenAdvice()}."),
            (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, _) => new BadInputException(
                $"{page} may not be read: the hub answered {(int)status}{(response.Header(ErrorHeader) == "GatedRepo" ? ", its access is granted on request" : "")}.",
                $"If it has a licence, accept it on {page}; and {TokenAdvice()}."),
            _ => new OutsideServiceException($"{answer}."),
        };
    }

    private string TokenAdvice() => _options.Token is null
        ? $"set {HubOptions.TokenVariable} to a token of an account that may read it"
        : _options.SendsToken
            ? $"see whether the account of {HubOptions.TokenVariable} may read it"
            : $"give {HubOptions.EndpointVariable} with https, because {HubOptions.TokenVariable} is not sent without encryption";

    private Uri FileAddress(HubRepository repository, string commit, string name) =>
        At($"{repository}/resolve/{commit}/{Uri.EscapeDataString(name)}");

    private Uri At(string path) => new($"{_options.Endpoint.AbsoluteUri.TrimEnd('/')}/{path}");

    private bool IsHub(Uri address) =>
        Uri.Compare(address, _options.Endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static bool IsRedirect(HttpStatusCode status) => status is HttpStatusCode.MovedPermanently or HttpStatusCode.Found
        or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;

    private static bool StaysWithin(string path) =>
        path.Length > 0 && !path.Contains('\\', StringComparison.Ordinal) && !path.Contains(':', StringComparison.Ordinal) && !path.Any(char.IsControl)
        && path.Split('/').All(part => part is not ("" or "." or ".."));
}
