using Microsoft.AspNetCore.Http;

namespace InverseScope.Service.Security;

/// <summary>What programs and pages' own scripts ask for: they are answered with a problem as JSON, never with a page.</summary>
internal static class ProgramPaths
{
    private static readonly PathString[] Roots = ["/api", "/openapi", "/mcp", "/assets", "/health"];

    public static bool Covers(PathString path) => Roots.Any(root => path.StartsWithSegments(root));
}
