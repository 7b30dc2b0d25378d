using InverseScope.Core.Seeds;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Testing;

/// <summary>How a call to a language model fails.</summary>
public enum CallFailure
{
    /// <summary>503.</summary>
    Busy,

    /// <summary>The connection is reset before a byte is sent.</summary>
    Reset,

    /// <summary>Half an answer, and then the end of the connection.</summary>
    CutBody,

    /// <summary>A part of an answer with 200, and then an error on a line of its own.</summary>
    ErrorLine,

    /// <summary>The model writes half of its JSON.</summary>
    InvalidJson,

    /// <summary>The model writes JSON of another form than was asked for.</summary>
    WrongSchema,

    /// <summary>Nothing is sent until whoever asked gives up.</summary>
    Silence,
}

/// <summary>
/// Has calls to a server fail in bursts, each of one kind, as services do that are out for a while. Which calls fail is drawn from a
/// seed, by their number alone. Calls must come one after the other.
/// </summary>
/// <param name="share">Of calls that fail, below 1.</param>
/// <param name="burst">How many fail in a row, on average.</param>
/// <param name="wrong">What the model writes that is not of the wanted form.</param>
/// <param name="silent">Called when a call is there that will not be answered.</param>
/// <param name="goneFrom">The number of the call from which on every one is answered with 503; the first is 1.</param>
public sealed class FailingCalls(
    RunSeed seed, double share, double burst, Func<FakeOllamaRequest, string> wrong, Action silent, int goneFrom = int.MaxValue)
{
    private readonly RandomStream _random = seed.Stream("failing calls");
    private CallFailure? _now;

    /// <summary>How often each kind was.</summary>
    public Dictionary<CallFailure, int> Failures { get; } = [];

    /// <summary>All calls, failing or not.</summary>
    public int Calls { get; private set; }

    /// <summary>Tokens of whole replies, whatever the model wrote in them.</summary>
    public long Tokens { get; private set; }

    /// <summary>Answers or fails.</summary>
    /// <param name="reply">What the model says if it does not.</param>
    public Task AnswerAsync(HttpContext context, FakeOllamaRequest request, string reply)
    {
        Calls++;
        // A chain with two states: on average it stays failing for a burst, and is failing for the share.
        if (_now is null ? _random.NextDouble() < share / ((1 - share) * burst) : _random.NextDouble() < 1 / burst)
            _now = _now is null ? _random.Pick(Enum.GetValues<CallFailure>()) : null;
        if (Calls >= goneFrom)
            _now = CallFailure.Busy;
        if (_now is not { } failure)
            return SayAsync(context, request, reply);
        Failures[failure] = Failures.GetValueOrDefault(failure) + 1;
        return failure switch
        {
            CallFailure.Busy => FakeOllama.FailAsync(context, StatusCodes.Status503ServiceUnavailable, "server busy, please try again"),
            CallFailure.Reset => Reset(context),
            CallFailure.CutBody => FakeOllama.BreakOffAsync(context, request, reply),
            CallFailure.ErrorLine => FakeOllama.SendAsync(
                context, """{"model": "tiny:latest", "message": {"role": "assistant", "content": "{"}, "done": false}""" + "\n" + """{"error": "unexpected EOF"}""" + "\n"),
            CallFailure.InvalidJson => SayAsync(context, request, reply[..(reply.Length / 2)]),
            CallFailure.WrongSchema => SayAsync(context, request, wrong(request)),
            _ => FakeOllama.FallSilentAsync(context, silent),
        };
    }

    private static Task Reset(HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    private Task SayAsync(HttpContext context, FakeOllamaRequest request, string text)
    {
        Tokens += FakeOllama.TokensOf(request, text);
        return FakeOllama.SayAsync(context, request, text);
    }
}
