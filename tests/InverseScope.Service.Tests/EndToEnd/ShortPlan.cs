using System.Globalization;

namespace InverseScope.Service.Tests;

/// <summary>Plans of sweeps that take seconds, on the shipped model and task of indirect objects.</summary>
internal static class ShortPlan
{
    /// <summary>How many sites a quick one has.</summary>
    public const int QuickSites = 12;

    /// <summary>With random weights and the causal check beside what is tested.</summary>
    /// <param name="sites">As in a list of YAML, e.g. <c>'L0H*', 'L1H0'</c>.</param>
    /// <param name="model">The shipped one, or a copy under another name.</param>
    public static string Whole(string name, string sites, string model = "ioi") => $$"""
        schema: inversescope/sweep/v1
        name: {{name}}
        model: {{model}}
        task: ioi
        sites: [{{sites}}]
        epsilon: 0.1
        bank_size: 1500
        references: { explore: 30, confirm: 40 }
        search: { max_proposals: 2 }
        controls: { known_sites: 0 }
        causal_check: { references: 5 }
        """;

    /// <summary>Little at each of many sites, where it matters that there are many.</summary>
    public static string Quick(string name, int seed) => string.Create(CultureInfo.InvariantCulture, $$"""
        schema: inversescope/sweep/v1
        name: {{name}}
        model: ioi
        task: ioi
        sites: ['L0H*', 'L1H0-3']
        epsilon: 0.1
        bank_size: 1000
        references: { explore: 20, confirm: 20 }
        search: { max_proposals: 1 }
        controls: { known_sites: 0, random_weights: false }
        causal_check: { references: 0 }
        seed: {{seed}}
        """);
}
