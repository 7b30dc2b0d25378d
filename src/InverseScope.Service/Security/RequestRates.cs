using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using InverseScope.Service.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Security;

/// <summary>How much one remote address may ask for, and how many requests compute at the same time.</summary>
internal static class RequestRates
{
    /// <summary>Policy of streams of events: so many for each address.</summary>
    public const string Listening = "listening";

    /// <summary>Policy of MCP: so many open streams, which keep their sessions from being idle, for each address.</summary>
    public const string Streaming = "streaming";

    /// <summary>Policy of requests that compute before they answer: a few for all.</summary>
    public const string Computing = "computing";

    private const int NetworkBytes = 8;
    private const int ComputingAtOnce = 2;
    private const int WaitingToCompute = 8;

    /// <summary>What requests are counted by: the address, or the network of one in IPv6, of which whoever has one has all.</summary>
    public static string AddressOf(HttpContext context) => PartOf(context.Connection.RemoteIpAddress);

    /// <summary>As <see cref="AddressOf"/>.</summary>
    public static string PartOf(IPAddress? address)
    {
        if (address is null)
            return "";
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4().ToString();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address.ToString();
        var network = address.GetAddressBytes();
        network.AsSpan(NetworkBytes).Clear();
        return $"{new IPAddress(network)}/{NetworkBytes * 8}";
    }

    public static void Add(IServiceCollection services, RequestLimits limits) => services.AddRateLimiter(options =>
    {
        options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        options.OnRejected = async (context, _) => await Problems.WriteAsync(context.HttpContext, Problems.TooMany(
            context.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1)));
        options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, (string, bool)>(context =>
        {
            var writes = IsWrite(context.Request);
            return RateLimitPartition.GetTokenBucketLimiter((AddressOf(context), writes), key =>
                key.Item2 ? Bucket(limits.WritesPerSecond, 10) : Bucket(limits.ReadsPerSecond, 4));
        });
        options.AddPolicy(Listening, context => RateLimitPartition.GetConcurrencyLimiter(
            AddressOf(context), _ => new ConcurrencyLimiterOptions { PermitLimit = limits.Listeners, QueueLimit = 0 }));
        options.AddPolicy(Streaming, context => HttpMethods.IsGet(context.Request.Method)
            ? RateLimitPartition.GetConcurrencyLimiter(AddressOf(context), _ => new ConcurrencyLimiterOptions { PermitLimit = limits.Listeners, QueueLimit = 0 })
            : RateLimitPartition.GetNoLimiter(""));
        options.AddPolicy(Computing, _ => RateLimitPartition.GetConcurrencyLimiter(
            "", _ => new ConcurrencyLimiterOptions { PermitLimit = ComputingAtOnce, QueueLimit = WaitingToCompute }));
    });

    // An agent reads and writes by the same method; its own budgets bound what it does.
    private static bool IsWrite(HttpRequest request) =>
        !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && !request.Path.StartsWithSegments("/mcp");

    private static TokenBucketRateLimiterOptions Bucket(int perSecond, int seconds) => new()
    {
        TokenLimit = perSecond * seconds,
        TokensPerPeriod = Math.Max(1, perSecond / 10),
        ReplenishmentPeriod = TimeSpan.FromSeconds(perSecond < 10 ? 1.0 / perSecond : 0.1),
        QueueLimit = 0,
    };
}
