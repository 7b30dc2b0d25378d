using InverseScope.Service.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace InverseScope.Service.Api;

/// <summary>The API under <c>/api/v1</c>: what people do with sweeps, specs and findings, a file for each resource. Training and banks are the command line's.</summary>
internal static class ApiEndpoints
{
    /// <summary>Bytes of a body that is neither a spec nor a plan.</summary>
    public const long SmallBody = 64 << 10;

    public static void Add(IServiceCollection services, ServiceOptions options)
    {
        services.ConfigureHttpJsonOptions(ApiJson.Configure);
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddSingleton<Faults>();
        services.AddSingleton(_ => new HealthLooks(options.Clock));
        services.AddOpenApi("v1", openApi =>
        {
            openApi.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            openApi.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new OpenApiInfo
                {
                    Title = "InverseScope",
                    Version = options.Version,
                    Description = "What does this activation of a language model encode? Sweeps, their findings and their review. Problems are RFC 9457; 'fix' says how to mend them.",
                };
                document.Components ??= new OpenApiComponents();
                document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal)
                {
                    ["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = $"The key in {ServiceOptions.KeyVariable}; needed where the service has one." },
                    ["header"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = "X-Api-Key", Description = "The same key." },
                };
                document.Security =
                [
                    new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", document)] = [] },
                    new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("header", document)] = [] },
                ];
                return Task.CompletedTask;
            });
        });
    }

    /// <summary>Turns faults into problems; comes before everything that may have one.</summary>
    public static void UseFaults(WebApplication app) => app.Use(app.Services.GetRequiredService<Faults>().Invoke);

    public static void Map(WebApplication app)
    {
        app.MapOpenApi();
        HealthEndpoints.Map(app);
        var api = app.MapGroup("/api/v1")
            .WithMetadata(new RequestSizeLimitAttribute(SmallBody))
            .Answers(
                StatusCodes.Status400BadRequest, StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden, StatusCodes.Status406NotAcceptable,
                StatusCodes.Status429TooManyRequests, StatusCodes.Status500InternalServerError);
        api.AddEndpointFilter(KnownQuery.Check);
        ModelEndpoints.Map(api);
        TaskEndpoints.Map(api);
        ArtifactEndpoints.Map(api);
        SpecEndpoints.Map(api);
        JobEndpoints.Map(api);
        SampleEndpoints.Map(api);
        SweepEndpoints.Map(api);
        ReportEndpoints.Map(api);
        HypothesisEndpoints.Map(api);
        ReviewEndpoints.Map(api);
        RecordEndpoints.Map(api);
        ClusterEndpoints.Map(api);
    }

    /// <summary>Says which problems an endpoint may answer with, beside those of all.</summary>
    public static T Answers<T>(this T builder, params int[] statuses)
        where T : IEndpointConventionBuilder
    {
        foreach (var status in statuses)
            builder.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(ProblemDetails), [Problems.ContentType]));
        return builder;
    }

    /// <summary>A body with a spec or a plan, which may be long.</summary>
    public static RouteHandlerBuilder TakesLongBody(this RouteHandlerBuilder builder) => builder
        .WithMetadata(new RequestSizeLimitAttribute(ServiceSecurity.LargestBody))
        .Answers(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);

    /// <summary>A body of a few values.</summary>
    public static RouteHandlerBuilder TakesBody(this RouteHandlerBuilder builder) =>
        builder.Answers(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
}
