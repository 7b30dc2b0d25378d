using System.ComponentModel;
using InverseScope.Service.Desk;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace InverseScope.Service.Api;

internal static class JobEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/jobs").WithTags("jobs");
        group.MapGet("", IReadOnlyList<JobView> (EvaluationDesk desk) => desk.All)
            .WithName("ListJobs").WithSummary("The jobs that are known, the latest first, without their results.");
        group.MapGet("/{id}", JobView ([Description("As its Location gave it.")] string id, EvaluationDesk desk) => Known.Find(id, desk.Find))
            .Answers(StatusCodes.Status404NotFound)
            .WithName("ShowJob").WithSummary("A job, with its result once it is done. Jobs are not kept over a restart.");
        group.MapDelete("/{id}", JobView ([Description("As its Location gave it.")] string id, EvaluationDesk desk) => Known.Find(id, desk.Cancel))
            .Answers(StatusCodes.Status404NotFound)
            .WithName("CancelJob").WithSummary("Ends a job at its next batch; one that has ended stays as it is.");
    }
}
