using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace InverseScope.Agent.Chat;

/// <summary>One request over HTTP whose answer is read to its end, with every failure told apart.</summary>
/// <param name="largest">Longest answer, in bytes.</param>
/// <param name="secret">Is shown nowhere; null: there is none.</param>
internal sealed class ChatHttp(int largest, TimeProvider clock, string? secret = null)
{
    private const int LongestShown = 300;

    private readonly Regex? _secret = secret is null ? null : new Regex(string.Concat(secret.Select(InJson)), RegexOptions.CultureInvariant);

    // Redirects could take a key, and texts, where nobody meant them to go. Time is owned by ChatResilience.
    public static SocketsHttpHandler Handler(Uri address) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        // A proxy would look for a loopback address on its own machine.
        UseProxy = !address.IsLoopback,
    };

    /// <summary>What a service wrote, on one line, without control characters, and not without end.</summary>
    public static string Shown(string text)
    {
        var start = text.Trim() is var trimmed && trimmed.Length <= LongestShown ? trimmed : trimmed[..LongestShown] + "…";
        return string.Concat(start.Select(c => char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format ? ' ' : c));
    }

    /// <param name="send">Sends and gives the headers of the answer; its body is still to be read.</param>
    /// <returns>The body of a success.</returns>
    /// <exception cref="ChatFaultException">There was none.</exception>
    public async Task<byte[]> SendAsync(
        HttpRequestMessage request, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send, CancellationToken cancel)
    {
        var address = request.RequestUri!.GetLeftPart(UriPartial.Path);
        HttpResponseMessage response;
        try
        {
            response = await send(request, cancel);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            cancel.ThrowIfCancellationRequested();
            throw new ChatFaultException(FaultKind.Busy, $"{address} cannot be reached: {e.GetBaseException().Message}", inner: e);
        }

        using (response)
        {
            var body = WithoutSecret(await ReadAsync(response, address, cancel));
            return response.IsSuccessStatusCode ? body : throw Refusal(response, address, body);
        }
    }

    private async Task<byte[]> ReadAsync(HttpResponseMessage response, string address, CancellationToken cancel)
    {
        using var all = new MemoryStream();
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancel);
            var buffer = new byte[1 << 14];
            while (await body.ReadAsync(buffer, cancel) is > 0 and var read)
            {
                if (all.Length + read > largest)
                    throw new ChatFaultException(FaultKind.Garbled, $"{address} sends more than {largest:N0} bytes, and was left.");
                all.Write(buffer.AsSpan(0, read));
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            cancel.ThrowIfCancellationRequested();
            throw new ChatFaultException(
                response.IsSuccessStatusCode && all.Length > 0 ? FaultKind.Garbled : FaultKind.Busy,
                $"{address} broke off in the middle of its answer: {e.GetBaseException().Message}", inner: e);
        }

        return all.ToArray();
    }

    // Before anything is read in it: a service may repeat a key in a success too, and in any part of it.
    private byte[] WithoutSecret(byte[] body) =>
        _secret is not null && Encoding.UTF8.GetString(body) is var text && _secret.IsMatch(text) ? Encoding.UTF8.GetBytes(_secret.Replace(text, "***")) : body;

    /// <summary>A character in all the ways that JSON may write it.</summary>
    private static string InJson(char c) => string.Create(
        CultureInfo.InvariantCulture, $@"(?:{(c is '"' or '\\' or '/' ? @"\\?" : "")}{Regex.Escape(c.ToString())}|\\u(?i:{(int)c:x4}))");

    private ChatFaultException Refusal(HttpResponseMessage response, string address, byte[] body)
    {
        var text = ErrorIn(body);
        var status = response.StatusCode;
        var kind = status switch
        {
            HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout
                or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout => FaultKind.Busy,
            // What the model wrote is no call; the service is well.
            HttpStatusCode.InternalServerError when text.Contains("error parsing tool call", StringComparison.OrdinalIgnoreCase) => FaultKind.Garbled,
            >= HttpStatusCode.InternalServerError => FaultKind.Broken,
            HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge when SaysTooLong(text) => FaultKind.TooLong,
            _ => FaultKind.Rejected,
        };
        return new ChatFaultException(kind, $"{address} answered {(int)status} ({status}): {Shown(text)}", RetryAfter(response));
    }

    /// <summary>The <c>error</c> in a body, which is a text or an object with a message; else the body.</summary>
    private static string ErrorIn(byte[] body)
    {
        var text = Encoding.UTF8.GetString(body);
        try
        {
            using var json = JsonDocument.Parse(text);
            return Error(json.RootElement) ?? text;
        }
        catch (JsonException)
        {
            return text;
        }
    }

    /// <summary>The <c>error</c> of an answer; null if it has none.</summary>
    public static string? Error(JsonElement answer)
    {
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("error", out var error) || error.ValueKind == JsonValueKind.Null)
            return null;
        if (error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out var message))
            error = message;
        return error.ValueKind == JsonValueKind.String ? error.GetString() : error.GetRawText();
    }

    private static bool SaysTooLong(string text) =>
        text.Contains("context length", StringComparison.OrdinalIgnoreCase)
        || text.Contains("context_length", StringComparison.OrdinalIgnoreCase)
        || text.Contains("context size", StringComparison.OrdinalIgnoreCase);

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date - clock.GetUtcNow() is var wait => wait > TimeSpan.Zero ? wait : TimeSpan.Zero,
        _ => null,
    };
}
