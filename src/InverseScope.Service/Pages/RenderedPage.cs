using System.Text;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Pages;

/// <summary>A page as bytes, the same for everybody but for the token in its forms.</summary>
internal sealed class RenderedPage(string html)
{
    private readonly byte[][] _parts = [.. html.Split(FormToken.Place).Select(Encoding.UTF8.GetBytes)];

    /// <summary>Sends it, with the token of whoever asks.</summary>
    public async Task WriteAsync(HttpContext context, int status)
    {
        // Base64 of the web needs no escaping.
        var token = _parts.Length == 1 ? [] : Encoding.UTF8.GetBytes(
            context.RequestServices.GetRequiredService<IAntiforgery>().GetAndStoreTokens(context).RequestToken!);
        var response = context.Response;
        (response.StatusCode, response.ContentType) = (status, "text/html; charset=utf-8");
        response.ContentLength = _parts.Sum(p => p.Length) + token.Length * (_parts.Length - 1);
        foreach (var (i, part) in _parts.Index())
        {
            if (i > 0)
                await response.Body.WriteAsync(token, context.RequestAborted);
            await response.Body.WriteAsync(part, context.RequestAborted);
        }
    }
}
