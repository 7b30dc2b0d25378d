using System.ComponentModel;
using InverseScope.Service.Desk;
using InverseScope.Sweeps;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace InverseScope.Service.Api;

internal static class ModelEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("").WithTags("models");
        group.MapGet("/models", IReadOnlyList<ModelEntry> (ModelDesk desk) => desk.Models)
            .WithName("ListModels").WithSummary("The models that can be named, shipped and imported.");
        group.MapGet("/models/{name}", ModelView ([Description("As /models lists it.")] string name, ModelDesk desk) => ModelDesk.Describe(Known.Find(name, desk.Find)))
            .Answers(StatusCodes.Status404NotFound)
            .WithName("ShowModel").WithSummary("A model: its shape, its size and where it lies.");
        group.MapGet("/generators", IReadOnlyList<GeneratorView> (ModelDesk desk) => desk.Generators)
            .WithName("ListGenerators").WithSummary("The generators that samples can come from, trained and shipped.");
    }
}
