using InverseScope.Agent.Telemetry;
using InverseScope.Core;
using InverseScope.Service.Cluster;
using InverseScope.Sweeps;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace InverseScope.Cli;

/// <summary>
/// Sends traces and metrics to a collector by OpenTelemetry's protocol where the environment names one, by the variables that
/// every program of that standard reads. Disposing it sends what is left.
/// </summary>
internal sealed class TelemetryExport : IDisposable
{
    /// <summary>The variable with the collector's address.</summary>
    public const string AddressVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private const string ProtocolVariable = "OTEL_EXPORTER_OTLP_PROTOCOL";

    // A collector that is gone must not keep a program from its end.
    private const int FlushMilliseconds = 5_000;

    private readonly TracerProvider _traces;
    private readonly MeterProvider _metrics;

    private TelemetryExport(Uri address, OtlpExportProtocol protocol, string role)
    {
        var resource = ResourceBuilder.CreateDefault().AddService(CommandLine.Name, serviceVersion: CommandLine.Version, serviceInstanceId: MemberName.Own(role, CommandLine.Version).ToString());
        _traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource([AgentTelemetry.Name, SweepTelemetry.Name, .. ClusterTelemetry.Sources])
            .AddOtlpExporter(options => Configure(options, "v1/traces")).Build();
        _metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(AgentTelemetry.Name, SweepTelemetry.Name, ClusterTelemetry.Name, ClusterTelemetry.MemberMeter)
            .AddOtlpExporter(options => Configure(options, "v1/metrics")).Build();

        void Configure(OtlpExporterOptions options, string path)
        {
            options.Protocol = protocol;
            options.Endpoint = protocol == OtlpExportProtocol.HttpProtobuf ? new Uri($"{address.AbsoluteUri.TrimEnd('/')}/{path}") : address;
        }
    }

    /// <param name="variable">Values of the environment by name.</param>
    /// <param name="role">What this process does, by which it is told from others of its machine.</param>
    /// <exception cref="BadInputException">The collector's address or protocol cannot be used.</exception>
    public static TelemetryExport Start(Func<string, string?> variable, string role)
    {
        var text = variable(AddressVariable);
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
            throw new BadInputException($"{AddressVariable} is '{text}'.", "Give the collector's address, which begins with http:// or https://, or unset the variable.");
        return new TelemetryExport(address, variable(ProtocolVariable) switch
        {
            null or "" or "grpc" => OtlpExportProtocol.Grpc,
            "http/protobuf" => OtlpExportProtocol.HttpProtobuf,
            var other => throw new BadInputException($"{ProtocolVariable} is '{other}'.", "Use grpc or http/protobuf."),
        }, role);
    }

    public void Dispose()
    {
        _traces.ForceFlush(FlushMilliseconds);
        _metrics.ForceFlush(FlushMilliseconds);
        _traces.Dispose();
        _metrics.Dispose();
    }
}
