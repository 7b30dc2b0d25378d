using System.Text.Json;
using System.Text.Json.Serialization;
using InverseScope.Sweeps.Reports;
using Microsoft.AspNetCore.Http.Json;

namespace InverseScope.Service.Api;

/// <summary>JSON as reports have it; of what is sent, every member must be one that is known.</summary>
internal static class ApiJson
{
    public static JsonSerializerOptions Options { get; } = Make();

    public static void Configure(JsonOptions options) => Copy(options.SerializerOptions);

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions();
        Copy(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    private static void Copy(JsonSerializerOptions options)
    {
        var report = ReportJson.LineOptions;
        options.PropertyNamingPolicy = report.PropertyNamingPolicy;
        options.PropertyNameCaseInsensitive = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.RespectNullableAnnotations = report.RespectNullableAnnotations;
        options.RespectRequiredConstructorParameters = report.RespectRequiredConstructorParameters;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.Encoder = report.Encoder;
        foreach (var converter in report.Converters)
            options.Converters.Add(converter);
    }
}
