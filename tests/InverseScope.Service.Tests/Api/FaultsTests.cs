using System.Text.Json.Nodes;
using InverseScope.Core;
using InverseScope.Service.Api;
using InverseScope.Service.Desk;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace InverseScope.Service.Tests.Api;

public sealed class FaultsTests
{
    private readonly KeptLog _log = new();

    public static TheoryData<Exception, int> Ends => new()
    {
        { new BadInputException("what", "fix"), 400 },
        { new EditConflictException("what"), 412 },
        { new OutsideServiceException("what"), 503 },
        { new AggregateException(new BadInputException("what")), 400 },
        { new RequestException(409, "what", "fix"), 409 },
        { new BadHttpRequestException("what", 400), 400 },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task What_a_request_ends_with_has_a_status_of_its_own(Exception fault, int status)
    {
        var (context, problem) = await EndAsync(fault);

        Assert.Equal(status, context.Response.StatusCode);
        Assert.Equal("what", (string)problem!["detail"]!);
        Assert.Equal(status == 503, context.Response.Headers.RetryAfter.Count > 0);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task A_fault_of_the_program_is_told_by_a_reference_that_the_log_explains()
    {
        var (context, problem) = await EndAsync(new InvalidOperationException("a secret of the program"));

        Assert.Equal(500, context.Response.StatusCode);
        Assert.DoesNotContain("secret", problem!.ToJsonString(), StringComparison.Ordinal);
        var reference = (string)problem["reference"]!;
        Assert.NotEmpty(reference);
        Assert.Contains(reference, Assert.Single(_log.Lines), StringComparison.Ordinal);
        Assert.Contains("secret", _log.Lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_goes_away_is_no_fault()
    {
        var (context, problem) = await EndAsync(new OperationCanceledException(), isGone: true);

        Assert.Equal(499, context.Response.StatusCode);
        Assert.Null(problem);
        Assert.Empty(_log.Lines);
    }

    private async Task<(HttpContext Context, JsonNode? Problem)> EndAsync(Exception fault, bool isGone = false)
    {
        using var body = new MemoryStream();
        var context = new DefaultHttpContext { TraceIdentifier = "7F3A" };
        context.Request.Path = "/api/v1/sweeps";
        context.Response.Body = body;
        if (isGone)
            context.RequestAborted = new CancellationToken(canceled: true);
        await new Faults(_log).Invoke(context, _ => throw fault);
        return (context, body.Length == 0 ? null : JsonNode.Parse(body.ToArray()));
    }

    private sealed class KeptLog : ILogger<Faults>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add($"{formatter(state, exception)} {exception}");
    }
}
