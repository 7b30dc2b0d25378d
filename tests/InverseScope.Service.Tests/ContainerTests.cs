using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace InverseScope.Service.Tests;

public sealed partial class ContainerTests
{
    private static readonly string[] Dockerfile = File.ReadAllLines(Repository.Path("src", "Dockerfile"));

    [Fact]
    public void What_the_dockerfile_copies_is_there_and_is_not_ignored()
    {
        string[] copied = [.. Dockerfile.Where(l => l.StartsWith("COPY ", StringComparison.Ordinal) && !l.Contains("--from", StringComparison.Ordinal)).Select(l => l.Split(' ')[1].TrimEnd('/'))];
        var let = File.ReadAllLines(Repository.Path(".dockerignore")).Where(l => l.StartsWith('!')).Select(l => l[1..]).ToArray();

        Assert.Equal([".editorconfig", "feature-specs", "prompts", "src"], copied.Order(StringComparer.Ordinal));
        Assert.All(copied, path => Assert.True(Path.Exists(Repository.Path(path)), path));
        Assert.Equal(copied.Order(StringComparer.Ordinal), let.Order(StringComparer.Ordinal));
        // What is built holds them: prompts and specs are part of the program.
        Assert.All(copied, path => Assert.InRange(Array.FindIndex(Dockerfile, l => l.StartsWith("COPY " + path, StringComparison.Ordinal)), 0, Array.FindIndex(Dockerfile, l => l.StartsWith("RUN dotnet publish", StringComparison.Ordinal))));
        Assert.NotEmpty(Service.Desk.ShippedSpecs.All);
        Assert.Contains(Dockerfile, l => l.StartsWith("RUN dotnet publish src/InverseScope.Cli", StringComparison.Ordinal) && l.Contains("-p:Torch=${TORCH}", StringComparison.Ordinal));
    }

    [Fact]
    public void The_image_serves_as_nobody_special_and_is_asked_for_its_health()
    {
        var text = string.Join('\n', Dockerfile);

        Assert.Contains("\nUSER ${APP_UID}\n", text);
        Assert.Contains("\nEXPOSE 5290\n", text);
        Assert.Contains("\nSTOPSIGNAL SIGTERM\n", text);
        Assert.Contains("\nVOLUME /data\n", text);
        Assert.Contains("GET /health/live HTTP/1.1", text);
        var healthCheck = JsonNode.Parse(text[(text.IndexOf("CMD [\"bash\"", StringComparison.Ordinal) + 4)..].Split('\n')[0])!.AsArray();
        Assert.Equal("-c", (string?)healthCheck[1]);
        Assert.Contains(@"HTTP/1.1\r\nHost: 127.0.0.1:5290\r\nConnection: close\r\n\r\n", (string?)healthCheck[2]);
    }

    [Fact]
    public void Compose_has_a_service_and_a_language_model_for_each_profile()
    {
        var text = File.ReadAllText(Repository.Path("docker-compose.yml"));
        var services = Composed(text);

        Assert.Equal(["clustered", "inversescope", "inversescope-gpu", "ollama", "ollama-gpu", "postgres", "worker", "worker-gpu"], services.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, profile, torch) in new[] { ("inversescope", "cpu", "cpu"), ("inversescope-gpu", "gpu", "cuda") })
        {
            Assert.Contains($"profiles: [{profile}]", services[name]);
            Assert.Contains($"TORCH: {torch}", services[name]);
            Assert.Contains("condition: service_healthy", services[name]);
            Assert.Contains($"profiles: [{profile}, cluster", services[name.Replace("inversescope", "ollama", StringComparison.Ordinal)]);
        }

        var variables = Variables().Matches(text).Select(m => m.Value).ToArray();
        Assert.Contains(variables, v => v.StartsWith("${INVERSESCOPE_API_KEY:?", StringComparison.Ordinal));
        // Each other variable can be left out.
        Assert.All(variables.Where(v => !v.Contains("API_KEY", StringComparison.Ordinal)), v => Assert.Contains(":-", v));
        Assert.Contains(":5290\"", text);
        Assert.True(File.Exists(Repository.Path(MatchOf(DockerfileLine(), text))));
    }

    [Fact]
    public void Compose_has_a_cluster_with_a_database_one_service_and_workers_on_cpu_or_gpu()
    {
        var text = File.ReadAllText(Repository.Path("docker-compose.yml"));
        var services = Composed(text);

        foreach (var both in new[] { "postgres", "clustered" })
            Assert.Contains("profiles: [cluster, cluster-gpu]", services[both]);
        Assert.Contains("pg_isready", services["postgres"]);
        Assert.Contains("- postgres:/var/lib/postgresql/data", services["postgres"]);
        Assert.Contains("POSTGRES_PASSWORD: ${INVERSESCOPE_DB_PASSWORD:-}", services["postgres"]);
        Assert.Contains("Host=postgres;Database=inversescope;Username=inversescope;Password=${INVERSESCOPE_DB_PASSWORD:-}", text);
        foreach (var member in new[] { "clustered", "worker", "worker-gpu" })
            Assert.Contains("\"--cluster\", \"env\"", services[member]);
        foreach (var (worker, profile, image) in new[] { ("worker", "cluster", "cpu"), ("worker-gpu", "cluster-gpu", "cuda") })
        {
            Assert.Contains($"profiles: [{profile}]", services[worker]);
            Assert.Contains($"image: inversescope:{image}", services[worker]);
            Assert.Contains("\"--service\", \"http://clustered:5290\"", services[worker]);
            Assert.Contains("replicas: ${INVERSESCOPE_WORKERS:-", services[worker]);
            // One home is one service's: workers have none of it, and any number of them runs.
            Assert.DoesNotContain("volumes:", services[worker]);
            Assert.DoesNotContain("ports:", services[worker]);
        }

        Assert.Contains("healthcheck:\n    disable: true", text);
    }

    private static Dictionary<string, string> Composed(string text)
    {
        var services = text[text.IndexOf("\nservices:\n", StringComparison.Ordinal)..text.IndexOf("\nvolumes:\n", StringComparison.Ordinal)];
        return ServiceName().Split(services).Skip(1).Chunk(2).ToDictionary(c => c[0], c => c[1]);
    }

    private static string MatchOf(Regex form, string text) => form.Match(text).Groups[1].Value;

    [GeneratedRegex(@"\$\{[^}]+\}")]
    private static partial Regex Variables();

    [GeneratedRegex(@"^  ([a-z-]+):\n", RegexOptions.Multiline)]
    private static partial Regex ServiceName();

    [GeneratedRegex(@"dockerfile: (\S+)")]
    private static partial Regex DockerfileLine();
}
