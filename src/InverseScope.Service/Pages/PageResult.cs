using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace InverseScope.Service.Pages;

/// <summary>Parts of the site that its navigation names.</summary>
public enum PageSection
{
    None,
    Sweeps,
    Review,
    Specs,
}

/// <summary>Pages as answers: a component inside the shell that all of them share.</summary>
internal static class PageResult
{
    /// <param name="title">Of the window; may hold any text.</param>
    /// <param name="parameters">Of the component, by name.</param>
    public static RazorComponentResult<Shell> Of<TPage>(
        string title, PageSection section, Dictionary<string, object?> parameters, int status = StatusCodes.Status200OK)
        where TPage : IComponent =>
        new(new Dictionary<string, object?>
        {
            [nameof(Shell.Title)] = title,
            [nameof(Shell.Section)] = section,
            [nameof(Shell.Page)] = typeof(TPage),
            [nameof(Shell.Parameters)] = parameters,
        })
        {
            StatusCode = status,
            PreventStreamingRendering = true,
        };

    /// <summary>A page that says what went wrong, and what to do about it.</summary>
    public static RazorComponentResult<Shell> Fault(int status, string heading, string what) => Of<FaultPage>(
        heading, PageSection.None, new() { [nameof(FaultPage.Heading)] = heading, [nameof(FaultPage.What)] = what }, status);
}
