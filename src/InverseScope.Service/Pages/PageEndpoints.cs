using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Pages;

/// <summary>The pages, rendered on the server.</summary>
internal static class PageEndpoints
{
    public static void Add(IServiceCollection services) => services.AddRazorComponents();

    public static void Map(WebApplication app) => app.MapRazorComponents<App>();
}
