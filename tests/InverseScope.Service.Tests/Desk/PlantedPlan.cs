using InverseScope.Sweeps;

namespace InverseScope.Service.Tests.Desk;

/// <summary>Plans of sweeps on planted sites.</summary>
internal static class PlantedPlan
{
    private const string AllSites = "'L0H0-1', 'L1H0'";

    /// <summary>The features of its three sites are searched for.</summary>
    public static string Searched(string name) => $$"""
        schema: inversescope/sweep/v1
        name: {{name}}
        model: ioi
        task: addition
        sites: [{{AllSites}}]
        distance: euclidean
        kernel: threshold
        epsilon: 0.6
        bank_size: 400
        references: { explore: 30, confirm: 40 }
        search: { max_proposals: 1 }
        controls: { random_weights: false, known_sites: 0 }
        causal_check: { references: 0 }
        """;

    /// <summary>Only the spec that <see cref="KeepSpec"/> writes is tested, on 60 references of each site.</summary>
    public static string OfSpec(string name, string sites = AllSites) => Searched(name)
        .Replace(AllSites, sites, StringComparison.Ordinal)
        .Replace("confirm: 40", "confirm: 60", StringComparison.Ordinal)
        .Replace("search: { max_proposals: 1 }", "search: { enabled: false }\nspecs: [specs/first.yaml]", StringComparison.Ordinal);

    /// <summary>Writes the spec of the first digit, which is what is planted.</summary>
    public static void KeepSpec(Home home)
    {
        Directory.CreateDirectory(home.Specs);
        File.WriteAllText(Path.Combine(home.Specs, "first.yaml"), "schema: inversescope/feature-spec/v1\nid: first\ntitle: first digit\nrule: [ chars, first ]\n");
    }
}
