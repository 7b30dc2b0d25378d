using InverseScope.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace InverseScope.Service.Security;

/// <summary>Who may ask what of the service, and what a browser may do with its pages.</summary>
internal static class ServiceSecurity
{
    /// <exception cref="BadInputException">It would listen to others without a key.</exception>
    public static void Check(ServiceOptions options)
    {
        if (!options.Address.IsLoopback && string.IsNullOrEmpty(options.ApiKey))
        {
            throw new BadInputException(
                $"{options.Address} can be reached from other machines, and no key is set.",
                $"Set {ServiceOptions.KeyVariable} to a long random text, or listen on http://127.0.0.1.");
        }
    }

    public static void Add(IServiceCollection services) => services.AddAntiforgery();

    public static void Use(WebApplication app) => app.UseAntiforgery();
}
