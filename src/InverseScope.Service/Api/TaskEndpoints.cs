using System.ComponentModel;
using InverseScope.Core;
using InverseScope.Service.Desk;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace InverseScope.Service.Api;

internal static class TaskEndpoints
{
    private const int MostTexts = 10_000;

    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/tasks").WithTags("tasks");
        group.MapGet("", IReadOnlyList<TaskRow> (TaskDesk desk) => desk.All)
            .WithName("ListTasks").WithSummary("The tasks that can be named, built in and imported.");
        group.MapGet("/{name}", Show)
            .Answers(StatusCodes.Status404NotFound)
            .WithName("ShowTask").WithSummary("A task: its positions, its variables, its lexicons and a few of its texts.");
        group.MapGet("/{name}/sample", Sample)
            .Answers(StatusCodes.Status404NotFound)
            .WithName("SampleTask").WithSummary("Texts drawn from a task's prior.");
    }

    private static TaskView Show(
        [Description("As /tasks lists it.")] string name, TaskDesk desk, [Description("Of the texts shown. Default 1.")] long? seed) =>
        TaskDesk.Describe(Known.Find(name, desk.Find), seed ?? 1);

    private static IReadOnlyList<TaskText> Sample(
        [Description("As /tasks lists it.")] string name, TaskDesk desk, [Description("How many, 1 to 10,000. Default 10.")] int? n,
        [Description("The same seed gives the same texts. Default 1.")] long? seed, CancellationToken cancel) =>
        n is < 1 or > MostTexts
            ? throw new BadInputException($"n must be from 1 to {MostTexts}, found {n}.")
            : TaskDesk.Draw(Known.Find(name, desk.Find), n ?? 10, seed ?? 1, cancel);
}
