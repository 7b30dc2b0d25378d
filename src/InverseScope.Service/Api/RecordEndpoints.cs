using System.ComponentModel;
using InverseScope.Agent.Transcripts;
using InverseScope.Service.Desk;
using InverseScope.Sweeps.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace InverseScope.Service.Api;

/// <summary>What a sweep left behind while it ran: its log, and its questions to language models.</summary>
internal static class RecordEndpoints
{
    private const string Id = "As /sweeps lists it.";

    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/sweeps/{id}").WithTags("records").Answers(StatusCodes.Status404NotFound);
        group.MapGet("/log", Log)
            .WithName("ShowLog").WithSummary("The log of a sweep in order, a page at a time.");
        group.MapGet("/transcripts", Calls)
            .WithName("ListTranscripts").WithSummary("The questions of a sweep to language models, in order, without their texts.");
        group.MapGet("/transcripts/{call:long}", Call)
            .WithName("ShowTranscript").WithSummary("A question to a language model, whole: what was sent, and what came.");
    }

    private static PageOf<StoredLogLine> Log(
        [Description(Id)] string id, SweepDesk desk, Workspace workspace, [Description("From 1. Default 1.")] int? page, [Description("1 to 500. Default 50.")] int? size) =>
        Paging.Of(page, size).Of(workspace.Store.LogOf(Known.Find(id, desk.Find).Id));

    private static PageOf<StoredCall> Calls(
        [Description(Id)] string id, SweepDesk desk, Workspace workspace, [Description("From 1. Default 1.")] int? page, [Description("1 to 500. Default 50.")] int? size)
    {
        var (sweep, asked, transcripts) = (Known.Find(id, desk.Find).Id, Paging.Of(page, size), workspace.Store.Transcripts);
        return new PageOf<StoredCall>(transcripts.Calls(sweep, (int)PageRule.Before(asked.Page, asked.Size), asked.Size), transcripts.Totals(sweep).All.Calls, asked.Page, asked.Size);
    }

    private static TranscriptEntry Call(
        [Description(Id)] string id, [Description("As the list gives it.")] long call, SweepDesk desk, Workspace workspace)
    {
        var sweep = Known.Find(id, desk.Find).Id;
        return workspace.Store.Transcripts.Find(call) is { } found && found.Sweep == sweep
            ? workspace.Store.Transcripts.Entry(call)
            : throw RequestException.NotFound($"Sweep '{sweep}' has no transcript {call}.");
    }
}
